"""An erasure that is killed is ended by the next run, and one beside writers lets nothing of it be stored."""

import asyncio
from collections.abc import Sequence

import asyncpg
import pytest

from storage.erasure.erasing import continue_erasures, erase
from storage.erasure.request import ClaimedClick
from tests.storage.erasure.builders import OF_ANA, OTHERS
from tests.storage.erasure.searching import count_by_everything, find_texts
from tests.storage.erasure.stored import RECORDS, TEXTS, VISITOR
from tests.storage.test_partitions import connected, tables
from tests.storage.test_writer import make_writer, rows_of

__all__ = ["tables"]
pytestmark = pytest.mark.servers


class Killer:
    """Ends the connection of an erasure after so many of its transactions have deleted claims."""

    def __init__(self, database_url: str, pid: int, after: int) -> None:
        self._database_url = database_url
        self._pid = pid
        self._after = after

    async def forget(self, clicks: Sequence[ClaimedClick]) -> int:
        if self._after == 0:
            async with connected(self._database_url) as other:
                await other.execute(f"SELECT pg_terminate_backend({self._pid})")
        self._after -= 1
        return len(clicks)


@pytest.mark.parametrize("after", range(4))
async def test_an_erasure_that_is_killed_leaves_whole_clicks_and_the_next_run_ends_it(
    filled: asyncpg.Connection, database_url: str, after: int
) -> None:
    before = await count_by_everything(filled)
    async with connected(database_url) as connection:
        killer = Killer(database_url, connection.get_server_pid(), after)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await erase(connection, VISITOR, killer.forget)

    erased = await filled.fetchval("SELECT count(*) FROM clicks WHERE erased_at IS NOT NULL")
    tombstones = await filled.fetchval("SELECT count(*) FROM erased_clicks")
    assert (erased, tombstones) == (after, after)
    assert await filled.fetchval("SELECT count(*) FROM clicks WHERE user_agent LIKE '%ana-lima%'") == 4 - after
    assert await count_by_everything(filled) == before

    report = await erase(filled, VISITOR)

    assert (report.clicks, report.letters, report.rejections) == (4, 2, 1)
    assert await find_texts(filled, TEXTS) == []
    assert await count_by_everything(filled) == before
    assert await continue_erasures(filled) == []


@pytest.mark.parametrize("table", ["click_verdicts", "dead_letters", "rejected_clicks"])
async def test_an_erasure_that_is_killed_at_any_table_is_ended_by_the_next(
    filled: asyncpg.Connection, database_url: str, table: str
) -> None:
    before = await count_by_everything(filled)
    async with connected(database_url) as connection, connected(database_url) as blocker, blocker.transaction():
        await blocker.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        erasing = asyncio.create_task(erase(connection, VISITOR))
        waits = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $1"
        while not await blocker.fetchval(waits, connection.get_server_pid()):
            await asyncio.sleep(0.05)
        await blocker.execute(f"SELECT pg_terminate_backend({connection.get_server_pid()})")
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await erasing

    report = await erase(filled, VISITOR)

    assert (report.clicks, report.verdicts, report.letters, report.rejections) == (4, 1, 2, 1)
    assert await find_texts(filled, TEXTS) == []
    assert await count_by_everything(filled) == before


async def test_batches_of_the_sink_and_an_erasure_at_once_store_nothing_of_it(
    filled: asyncpg.Connection, database_url: str
) -> None:
    is_done = asyncio.Event()

    async def keep_writing() -> None:
        writer = make_writer(database_url)
        while not is_done.is_set():
            await writer.write(rows_of(RECORDS))
        await writer.write(rows_of(RECORDS))
        await writer.close()

    writing = [asyncio.create_task(keep_writing()) for _ in range(2)]
    await erase(filled, VISITOR)
    is_done.set()
    await asyncio.gather(*writing)

    assert await find_texts(filled, TEXTS) == []
    assert await filled.fetchval("SELECT count(*) FROM clicks") == len(OF_ANA) + len(OTHERS)
