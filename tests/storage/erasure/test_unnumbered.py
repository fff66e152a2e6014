"""The ledger's notes of dead letters without a number: they name no erased click, and count as before."""

from datetime import timedelta

import asyncpg
import pytest

from storage.erasure.erasing import erase
from storage.erasure.request import ErasureRequest
from storage.read.ledger import UNNUMBERED, cut_to_minute
from tests.sink.builders import NOW, Source, clicked, dead_lettered
from tests.storage.erasure.builders import FIRST, OTHER
from tests.storage.erasure.searching import find_texts
from tests.storage.test_partitions import tables
from tests.storage.test_writer import make_writer, rows_of

__all__ = ["tables"]
pytestmark = pytest.mark.servers

ONE_CLICK = ErasureRequest("click", FIRST.click_id, "asked by mail")


def garbage(click_id: str, offset: int) -> Source:
    """Give the letter of a raw click of which only the key can be read."""
    facts = {"topic": "clicks.raw", "offset": offset, "failed_at": NOW, "digest": None, "size": None}
    return dead_lettered(key=click_id.encode(), value=b"\xff%d" % offset, **facts)


LETTERS = [garbage(FIRST.click_id, 7), garbage(OTHER.click_id, 8)]


async def load(database_url: str, records: list[Source]) -> None:
    writer = make_writer(database_url)
    assert await writer.write(rows_of(records)) == []
    await writer.close()


async def count_letters(connection: asyncpg.Connection) -> list[tuple[object, ...]]:
    """Count the letters that explain a missing number, by minute."""
    since = NOW - timedelta(days=9)
    return sorted(tuple(row) for row in await connection.fetch(UNNUMBERED, since, NOW + timedelta(days=1)))


async def test_the_id_is_nowhere_also_when_the_letter_is_loaded_again(
    tables: asyncpg.Connection, database_url: str
) -> None:
    await load(database_url, LETTERS)
    before = await count_letters(tables)

    await erase(tables, ONE_CLICK)
    erased = await find_texts(tables, [FIRST.click_id]), await count_letters(tables)
    await load(database_url, LETTERS)

    assert erased == ([], before)
    assert (await find_texts(tables, [FIRST.click_id]), await count_letters(tables)) == ([], before)
    assert before == [(cut_to_minute(one.clicked_at), 1) for one in (FIRST, OTHER)]
    assert await find_texts(tables, [OTHER.click_id]) != []


async def test_a_letter_whose_click_was_stored_after_all_explains_nothing_once_it_is_erased(
    tables: asyncpg.Connection, database_url: str
) -> None:
    await load(database_url, [*LETTERS, *clicked(FIRST)])
    before = await count_letters(tables)

    await erase(tables, ONE_CLICK)

    assert before == [(cut_to_minute(OTHER.clicked_at), 1)]
    assert (await find_texts(tables, [FIRST.click_id]), await count_letters(tables)) == ([], before)
