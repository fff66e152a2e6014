"""The keys of the ring as it is at the moment, made ready once per ring, and a changed ring taken into use."""

import asyncio
from typing import Final

import structlog

from identity.cache_mac import CacheMac
from identity.ip import IpHashKeys
from identity.keyfile import WatchedKeyRing
from ingest.pipeline import Keys, ready_keys

log = structlog.get_logger()

LOOK_S: Final = 1.0


class LiveKeys:
    """`current` is replaced whole when the file of the key ring changes."""

    def __init__(self, ring: WatchedKeyRing) -> None:
        self._ring = ring
        self._use()

    def refresh(self) -> None:
        """Take the key ring into use if it has changed: one `stat` if not."""
        if self._ring.refresh():
            self._use()
            log.info("key ring changed")

    async def follow(self) -> None:
        """Take a changed key ring into use within a second, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            self.refresh()

    def ip_hash(self) -> IpHashKeys:
        return self.current.ip_hash

    def signer(self) -> CacheMac:
        """Give what authenticates values in Redis."""
        return self._signer

    def _use(self) -> None:
        self.current: Keys = ready_keys(self._ring.ring)
        self._signer = CacheMac(self._ring.ring)
