"""Which partitions are ours, and since when: an epoch that changes with every rebalance."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from typing import Final

from aiokafka import TopicPartition
from aiokafka.abc import ConsumerRebalanceListener

PATIENCE_S: Final = 5.0


class Assignment(ConsumerRebalanceListener):
    """Counts rebalances, and holds each one up for a moment so that the batch in work can still be committed.

    aiokafka commits under the current generation, whichever generation a batch was read in. A batch must therefore be
    committed only while the epoch in which it was read still stands. `places` are the partitions that are ours, be it
    none; null while we have no share at all: before the first one, and while the group divides its partitions again.
    `remade` are those that were deleted and made again, to be read from their start.
    """

    def __init__(self) -> None:
        self.epoch = 0
        self.places: frozenset[TopicPartition] | None = None
        self.remade: set[TopicPartition] = set()
        self._busy = asyncio.Lock()

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
        self.places = None

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        self.places = frozenset(assigned)
        # The others' are theirs to begin again.
        self.remade &= self.places
