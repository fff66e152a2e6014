"""A drop on a hypertable waits for the batches that have begun before it, and for no others."""

import asyncio

import pytest

from storage.chunks import find_writers, wait_for_writers
from tests.storage.test_partitions import connected
from tests.storage.test_writer import prepare

pytestmark = pytest.mark.servers

WRITE = "LOCK TABLE clicks IN ROW EXCLUSIVE MODE"
"""What INSERT does first."""
HAS_LOOKED = "SELECT state = 'idle' AND query LIKE '%virtualtransaction%' FROM pg_stat_activity WHERE pid = $1"


async def test_writers_that_have_begun_are_waited_for_and_those_that_begin_later_are_not(database_url: str) -> None:
    await prepare(database_url)
    async with (
        asyncio.timeout(60),
        connected(database_url) as dropping,
        connected(database_url) as early,
        connected(database_url) as late,
        late.transaction(),
    ):
        async with early.transaction():
            await early.execute(WRITE)
            (writer,) = await find_writers(dropping, "clicks")
            waiting = asyncio.create_task(wait_for_writers(dropping, "clicks"))
            await asyncio.sleep(0.2)  # nothing is to happen
            await late.execute(WRITE)
            assert not waiting.done()
        await waiting
        assert writer not in await find_writers(dropping, "clicks")
        assert len(await find_writers(dropping, "clicks")) == 1


async def test_readers_are_not_waited_for(database_url: str) -> None:
    await prepare(database_url)
    async with connected(database_url) as dropping, connected(database_url) as reader, reader.transaction():
        await reader.fetch("SELECT count(*) FROM clicks")

        await wait_for_writers(dropping, "clicks")
