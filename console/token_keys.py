"""The token keys of the key ring, if the console has one: it verifies click tokens, and does nothing else with it."""

from pathlib import Path

import structlog

from identity.keyfile import WatchedKeyRing
from identity.keys import Key, KeyRing, KeyRingError
from identity.token import TokenKeys
from runtime.errors import SettingsError

log = structlog.get_logger()


class LiveTokenKeys:
    """`current` gives the token keys of the file as it is now."""

    def __init__(self, path: str) -> None:
        self._watched = WatchedKeyRing(
            Path(path), self._use, on_fault=lambda error: log.error("key ring refused", error=str(error))
        )
        self._use(self._watched.ring)

    def current(self) -> TokenKeys:
        """Return the keys, read again if the file has changed. A file that cannot be used is reported once."""
        self._watched.refresh()
        return self._keys

    def list_keys(self) -> tuple[Key, ...]:
        """List the keys of the file as it is now."""
        self._watched.refresh()
        return self._watched.ring.keys

    def _use(self, ring: KeyRing) -> None:
        self._keys = TokenKeys(ring)


def open_token_keys(path: str | None) -> LiveTokenKeys | None:
    """Open the key ring of the settings; null without one. Raises SettingsError if it cannot be used."""
    if path is None:
        return None
    try:
        return LiveTokenKeys(path)
    except KeyRingError as error:
        raise SettingsError(f"CLICKRAIL_KEYS_FILE: {error}") from error
