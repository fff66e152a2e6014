"""The roller: each batch once, cells as counted from rows."""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from storage.rollups.dimensions import OTHER, PAIRS
from storage.rollups.limits import Limits
from storage.rollups.roller import Rolled, roll
from storage.writer import TableWriter
from tests.storage.rollups.builders import TODAY, make_click, make_rows, make_writer, open_tables
from tests.storage.rollups.reference_count import differing_cells, read_cells

SMALL = Limits(detailed_from=50, most_values=3, most_paired=2)

pytestmark = pytest.mark.servers


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with open_tables(database_url) as connection:
        yield connection


@pytest.fixture
async def writer(tables: asyncpg.Connection, database_url: str) -> AsyncIterator[TableWriter]:  # noqa: ARG001 - makes the tables
    writer = make_writer(database_url)
    yield writer
    await writer.close()


async def store(writer: TableWriter, first: int, last: int) -> None:
    await writer.write(
        make_rows(make_click(number, TODAY - timedelta(minutes=37 * (number % 50))) for number in range(first, last))
    )


async def test_what_is_rolled_is_what_the_rows_say(tables: asyncpg.Connection, writer: TableWriter) -> None:
    for first in range(0, 1200, 400):
        await store(writer, first, first + 400)
        assert await roll(tables, limits=SMALL) == Rolled(1, 400)
        assert await differing_cells(tables) == {}

    assert await roll(tables) == Rolled(0, 0)
    cells = await read_cells(tables)
    assert {cell[3] for cell in cells if cell[5]} == {"p", "a", "c"}
    assert {(cell[5], cell[7]) for cell in cells if cell[7]} == {(one.number, other.number) for one, other in PAIRS}
    assert [cell for cell in cells if OTHER in (cell[6], cell[8])]


async def test_totals_of_days_stand_side_by_side_apart_from_those_of_hours_and_from_dimensions(
    tables: asyncpg.Connection, writer: TableWriter
) -> None:
    await store(writer, 0, 400)
    await roll(tables, limits=Limits(detailed_from=1000))
    rows = await tables.fetch("SELECT dim, grain, kind, entity FROM click_rollups ORDER BY ctid")

    assert len({row["grain"] for row in rows if row["dim"] == 0}) == 2
    assert [tuple(row) for row in rows] == sorted(tuple(row) for row in rows)
