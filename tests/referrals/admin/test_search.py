"""Searching lists, as people type."""

import asyncpg
import pytest

from referrals.admin.notes import read_note, write_note
from referrals.admin.search import Wanted, list_ids, search
from referrals.model import Kind
from tests.referrals.builders import insert

pytestmark = pytest.mark.servers

FILL = """
    INSERT INTO programs (id, name, status, target_url) VALUES ('bikes', 'Bikes 100%', 'active', 'https://shop.example/'),
        ('helmets', 'Helmets', 'archived', 'https://shop.example/');
    INSERT INTO affiliates (id, name, status) VALUES ('ann', 'Ann Smith', 'active'), ('bob', 'Bob', 'paused');
    INSERT INTO referral_codes (code, affiliate_id, program_id, status) VALUES
        ('spring', 'ann', 'bikes', 'active'), ('Summer_1', 'bob', 'bikes', 'paused'),
        ('old', 'ann', 'bikes', 'archived'), ('hat', 'ann', 'helmets', 'active');
"""


@pytest.fixture
async def filled(connection: asyncpg.Connection) -> asyncpg.Connection:
    await connection.execute(FILL)
    await write_note(connection, "code", "spring", "the newsletter of March")
    return connection


@pytest.mark.parametrize(
    ("kind", "wanted", "ids"),
    [
        ("code", Wanted(), ["Summer_1", "spring"]),
        ("code", Wanted(text="SPR"), ["spring"]),
        ("code", Wanted(text="smith bikes"), ["spring"]),
        ("code", Wanted(text="newsletter"), ["spring"]),
        ("code", Wanted(text="r_1"), ["Summer_1"]),
        ("code", Wanted(text="r%1"), []),
        ("code", Wanted(status="paused"), ["Summer_1"]),
        ("code", Wanted(status="archived"), ["old"]),
        ("code", Wanted(affiliate_id="bob"), ["Summer_1"]),
        ("code", Wanted(program_id="bikes", sort="affiliate", is_descending=True), ["Summer_1", "spring"]),
        ("program", Wanted(), ["bikes"]),
        ("program", Wanted(text="100%"), ["bikes"]),
        ("affiliate", Wanted(sort="name", is_descending=True), ["bob", "ann"]),
        ("affiliate", Wanted(sort="codes", is_descending=True), ["ann", "bob"]),
        ("affiliate", Wanted(text="nobody"), []),
    ],
)
async def test_rows_are_found_by_every_word(
    filled: asyncpg.Connection, kind: Kind, wanted: Wanted, ids: list[str]
) -> None:
    found = await search(filled, kind, wanted)

    assert ([row.id for row in found.rows], found.number) == (ids, len(ids))
    assert await list_ids(filled, kind, wanted, 10) == sorted(ids)


async def test_a_page_says_how_many_there_are_in_all(filled: asyncpg.Connection) -> None:
    first = await search(filled, "code", Wanted(limit=1))
    beyond = await search(filled, "code", Wanted(limit=1, offset=5))

    assert (len(first.rows), first.number, beyond.rows, beyond.number) == (1, 2, [], 2)


async def test_a_note_is_kept_changed_and_removed(connection: asyncpg.Connection) -> None:
    await insert(connection, "abc")
    notes = []
    for note in ("one", "two", ""):
        await write_note(connection, "code", "abc", note)
        notes.append(await read_note(connection, "code", "abc"))

    assert notes == ["one", "two", ""]
    assert await read_note(connection, "program", "abc") == ""
