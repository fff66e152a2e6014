"""A publisher with the journal it takes its clicks from, in a folder of its own."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from ingest.journal.journal import Journal, JournalLimits
from ingest.publisher import Publisher, ignore_loss
from runtime.task_scope import task_scope
from tests.ingest.builders import RAW, Topics
from tests.ingest.journal.builders import open_journal


class Publishing(msgspec.Struct, frozen=True):
    """`lost` counts lost clicks by reason."""

    journal: Journal
    publisher: Publisher
    lost: Counter[str]


@asynccontextmanager
async def publishing(
    topics: Topics, for_rejections: Topics | None = None, lose_rejections: Callable[[str, int], None] = ignore_loss
) -> AsyncIterator[Publishing]:
    """Publish what is appended, until the end of the block; what is left then stays in the folder, and goes with it."""
    some, lost = asyncio.Event(), Counter[str]()
    with TemporaryDirectory() as folder:
        async with open_journal(
            Path(folder), "worker", JournalLimits(), some.set, lambda why, n: lost.update({why: n})
        ) as journal:
            publisher = Publisher(topics, journal, RAW, some, for_rejections, lose_rejections)
            async with task_scope(journal.run(), publisher.run()):
                yield Publishing(journal, publisher, lost)
                topics.may_deliver.set()
