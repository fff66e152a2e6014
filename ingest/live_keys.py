"""The current key ring, prepared once per ring, and replaced when its file changes."""

import asyncio
from collections.abc import Mapping
from typing import Final, Protocol

import structlog

from identity.cache_mac import CacheMac
from identity.ip import IpHashKeys
from identity.keyfile import WatchedKeyRing
from ingest.pipeline import Keys, prepare_keys

log = structlog.get_logger()

CHECK_S: Final = 1.0


class KeySource(Protocol):
    """Gives the current keys. `current` is replaced whole when the key ring changes."""

    @property
    def current(self) -> Keys: ...

    def refresh(self) -> None:
        """Load the key ring if it has changed."""


class LiveKeys:
    """A KeySource that reads the file of the key ring."""

    def __init__(self, ring: WatchedKeyRing) -> None:
        self._ring = ring
        self._prepare()

    def refresh(self) -> None:
        """Load the key ring if it has changed; costs one `stat` if not."""
        if self._ring.refresh():
            self._prepare()
            log.info("key ring changed")

    async def keep_fresh(self) -> None:
        """Check every second for a changed key ring, until cancelled."""
        while True:
            await asyncio.sleep(CHECK_S)
            self.refresh()

    def ip_hash(self) -> IpHashKeys:
        return self.current.ip_hash

    def signer(self) -> CacheMac:
        """Give the keys that authenticate values in Redis."""
        return self._signer

    def _prepare(self) -> None:
        self.current: Keys = prepare_keys(self._ring.ring)
        self._signer = CacheMac(self._ring.ring)
        active = (key for key in self._ring.ring.keys if key.state == "active")
        self.created_at: Mapping[str, float] = {key.purpose: key.created_at.timestamp() for key in active}
