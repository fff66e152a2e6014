"""Counts stay exact while clicks are erased: of batches that are rolled, of others, and of moved verdicts."""

import asyncio

import asyncpg
import pytest

from storage.erasure.erasing import erase
from storage.erasure.request import ErasureRequest
from storage.rollups.roller import roll
from tests.storage.erasure.builders import FIRST, OF_ANA, OTHERS, SECOND, THIRD, score, store
from tests.storage.rollups.reference_count import differing_cells, read_cells
from tests.storage.test_partitions import connected, tables

__all__ = ["tables"]
pytestmark = pytest.mark.servers

VISITOR = ErasureRequest("visitor", SECOND.click_id)


@pytest.mark.parametrize("is_rolled", [False, True], ids=["before", "after"])
async def test_the_rollups_are_what_the_rows_say(
    tables: asyncpg.Connection, database_url: str, is_rolled: bool
) -> None:
    await store(database_url, [*OF_ANA, *OTHERS])
    await score(tables, [FIRST, THIRD], "invalid")
    if is_rolled:
        await roll(tables)
        await score(tables, [SECOND], "invalid")

    await erase(tables, VISITOR)
    await roll(tables)

    assert await read_cells(tables)
    assert await differing_cells(tables) == {}


async def test_the_roller_may_run_at_any_moment_of_an_erasure(tables: asyncpg.Connection, database_url: str) -> None:
    for one in (*OF_ANA, *OTHERS):
        await store(database_url, [one])
    is_done = asyncio.Event()

    async def keep_rolling() -> None:
        async with connected(database_url) as connection:
            while not is_done.is_set():
                await roll(connection, 1)

    rolling = asyncio.create_task(keep_rolling())
    await erase(tables, VISITOR)
    is_done.set()
    await rolling
    await roll(tables)

    assert await differing_cells(tables) == {}
