"""The values that wait to be written to Redis: the newest of each key, and so many at most."""

import asyncio
from typing import Final

import msgspec

from referrals.lookup.redis_codec import VersionedValue
from referrals.model import Key, key_of

MAX_PENDING: Final = 5_000


class Pending(msgspec.Struct, frozen=True):
    """A value to write, the epoch it was read in, null if that was not known then, and whether it was just changed."""

    reading: VersionedValue
    epoch: bytes | None
    is_change: bool = False

    @property
    def key(self) -> Key:
        return key_of(self.reading.value)

    @property
    def version(self) -> tuple[int, int]:
        """Orders what was read of one key in one epoch."""
        return self.reading.value.version, self.reading.as_of


class WriteQueue:
    """`add` and `take` return at once; `wait` returns while there is something to take."""

    def __init__(self, most: int = MAX_PENDING) -> None:
        self.most = most
        self.by_key: dict[Key, Pending] = {}
        self.taken: list[Pending] = []
        self.has_pending = asyncio.Event()

    def add(self, pending: Pending) -> bool:
        """Queue a value, unless a newer one of the same key and epoch waits. Returns False if there is no room."""
        present = self.by_key.get(pending.key)
        if present is None and len(self.by_key) >= self.most:
            return False
        if present is None or present.epoch != pending.epoch or present.version <= pending.version:
            # What replaces a change that waits is as important as that.
            is_change = pending.is_change or (present is not None and present.is_change)
            self.by_key[pending.key] = msgspec.structs.replace(pending, is_change=is_change)
            self.has_pending.set()
        return True

    def take(self, most: int) -> list[Pending]:
        """Remove and return the values that have waited longest."""
        self.taken = [self.by_key.pop(key) for key in list(self.by_key)[:most]]
        if not self.by_key:
            self.has_pending.clear()
        return self.taken

    def put_back_changes(self) -> None:
        """Queue the changes that were taken last before all others, unless another one of their key has come since."""
        self.by_key = {pending.key: pending for pending in self.taken if pending.is_change} | self.by_key
        if self.by_key:
            self.has_pending.set()

    def clear(self) -> None:
        """Forget all values, those that were taken last among them."""
        self.by_key.clear()
        self.taken = []
        self.has_pending.clear()

    async def wait(self) -> None:
        await self.has_pending.wait()
