"""Which partitions are ours, and since when: an epoch that changes with every rebalance."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from typing import Final

from aiokafka import TopicPartition
from aiokafka.abc import ConsumerRebalanceListener

PATIENCE_S: Final = 5.0


class Assignment(ConsumerRebalanceListener):
    """Counts rebalances, and delays each one for a moment so that the batch in work can still be committed.

    aiokafka commits under the current generation, whichever generation a batch was read in. A batch must therefore be
    committed only in the epoch in which it was read. `partitions` are ours, perhaps none; null while we have no share
    at all: before the first one, and during a rebalance. `remade` are those that were deleted and made again: they are
    to be read from their start. `report` is told how many seconds we were without a share, each time we get another.
    """

    def __init__(self, report: Callable[[float], None] = lambda _: None) -> None:
        self.epoch = 0
        self.partitions: frozenset[TopicPartition] | None = None
        self.remade: set[TopicPartition] = set()
        self._busy = asyncio.Lock()
        self._report = report
        self._revoked_at: float | None = None

    @property
    def busy(self) -> bool:
        """Whether a batch is in work."""
        return self._busy.locked()

    def taken_since(self) -> Callable[[], bool]:
        """Give a function that tells whether partitions have been taken away since this call."""
        epoch = self.epoch
        return lambda: self.epoch != epoch

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Hold while a batch is in work and its offsets are committed."""
        async with self._busy:
            yield

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S), self._busy:
                pass
        self.epoch += 1
        if self.partitions is not None:
            self._revoked_at = time.monotonic()
        self.partitions = None

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        self.partitions = frozenset(assigned)
        # The others' are theirs to begin again.
        self.remade &= self.partitions
        if self._revoked_at is not None:
            self._report(time.monotonic() - self._revoked_at)
            self._revoked_at = None
