import asyncio

import asyncpg
import pytest

from referrals.csv_rows import LineError
from referrals.importing import Imported, NotImported, import_file
from referrals.postgres import connected
from tests.referrals.builders import insert
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.servers

HEADER = "code,affiliate_id,program_id,status,target_url,affiliate_name"


def file(*lines: str) -> bytes:
    return "\n".join([HEADER, *lines]).encode()


async def codes(connection: asyncpg.Connection) -> list[tuple[object, ...]]:
    rows = await connection.fetch(
        "SELECT code, affiliate_id, program_id, status, target_url FROM referral_codes ORDER BY code"
    )
    return [tuple(row) for row in rows]


async def test_codes_are_added_and_affiliates_made_where_a_name_is_given(connection: asyncpg.Connection) -> None:
    await insert(connection)
    data = file("a,ann,shop,,,Somebody Else", "b,bob,shop,paused,https://x/?a=b%20c,Bob", "c,bob,shop,,,")
    imported = await import_file(connection, data)
    names = [tuple(row) for row in await connection.fetch("SELECT id, name FROM affiliates ORDER BY id")]
    assert (imported, names) == (Imported(codes=3, affiliates=1), [("ann", "Ann"), ("bob", "Bob")])
    assert await codes(connection) == [
        ("a", "ann", "shop", "active", None),
        ("b", "bob", "shop", "paused", "https://x/?a=b%20c"),
        ("c", "bob", "shop", "active", None),
    ]


async def test_what_only_the_database_knows_is_told_by_line_and_nothing_is_added(
    connection: asyncpg.Connection,
) -> None:
    await insert(connection, "old")
    imported = await import_file(connection, file("a,ann,shop,,,", "b,eve,house,,,", "old,bob,shop,,,Bob"))
    expected = [
        LineError(3, "there is no affiliate 'eve', and no affiliate_name to make it with"),
        LineError(3, "there is no program 'house'"),
        LineError(4, "code 'old' exists already"),
    ]
    assert (imported, len(await codes(connection))) == (NotImported(expected), 1)
    assert await connection.fetchval("SELECT count(*) FROM affiliates") == 1


async def test_a_file_with_wrong_lines_is_not_begun(connection: asyncpg.Connection) -> None:
    await insert(connection)
    imported = await import_file(connection, file("a,ann,shop,,,", "b b,ann,shop,,,"))
    assert isinstance(imported, NotImported)
    assert await codes(connection) == []


async def test_a_connection_serves_one_import_after_another(connection: asyncpg.Connection) -> None:
    await insert(connection)
    lines = ("a,ann,shop,,,", "a,ann,shop,,,", "b,ann,shop,,,")
    imported = [type(await import_file(connection, file(line))) for line in lines]
    assert imported == [Imported, NotImported, Imported]


async def test_an_import_takes_one_version_for_all_its_codes(connection: asyncpg.Connection) -> None:
    await insert(connection)
    await import_file(connection, file(*(f"c{n},ann,shop,,," for n in range(5000))))
    versions = await connection.fetch(
        "SELECT version, count(*) FROM referral_changes WHERE kind = 'code' GROUP BY version"
    )
    assert [tuple(row) for row in versions] == [(4, 5000)]


async def test_of_two_imports_of_the_same_codes_at_once_one_is_refused(
    referrals_url: str, connection: asyncpg.Connection
) -> None:
    await insert(connection)
    data = file(*(f"c{n},ann,shop,,," for n in range(2000)))

    async def run() -> type:
        async with connected(referrals_url) as own:
            return type(await import_file(own, data))

    kinds = await asyncio.gather(run(), run())
    assert (sorted(kind.__name__ for kind in kinds), len(await codes(connection))) == (
        ["Imported", "NotImported"],
        2000,
    )


async def test_a_hundred_thousand_codes_are_imported(connection: asyncpg.Connection) -> None:
    await insert(connection)
    data = file(*(f"code{n},aff{n % 2000},shop,,,Affiliate {n % 2000}" for n in range(100_000)))
    async with asyncio.timeout(PATIENCE_S):
        assert await import_file(connection, data) == Imported(codes=100_000, affiliates=2000)
