import asyncio

import asyncpg
import pytest

from referrals.admin.csv_file import LineError
from referrals.admin.importer import Choices, Imported, NotImported, import_file
from referrals.connections import connected
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
        LineError(3, "there is no affiliate 'eve', and no affiliate_name to make it with", "affiliate_id"),
        LineError(3, "there is no program 'house'", "program_id"),
        LineError(4, "code 'old' exists already", "code"),
    ]
    assert (imported, len(await codes(connection))) == (NotImported(expected), 1)
    assert await connection.fetchval("SELECT count(*) FROM affiliates") == 1


async def test_every_wrong_line_is_told_at_once_whoever_knows_what_is_wrong(connection: asyncpg.Connection) -> None:
    await insert(connection, "old")
    lines = ("a,ann,shop,,,", "b b,eve,shop,,,", "c,ann,house,gone,,", "old,ann,shop,,javascript:x,", "d")
    imported = await import_file(connection, file(*lines))
    assert isinstance(imported, NotImported)
    assert [(error.line, error.reason[:20]) for error in imported.errors] == [
        (3, "code 'b b': a code m"),
        (3, "there is no affiliat"),
        (4, "status 'gone': a sta"),
        (4, "there is no program "),
        (5, "code 'old' exists al"),
        (5, "target_url: a target"),
        (6, "1 cells, but the hea"),
    ]
    assert len(await codes(connection)) == 1


async def test_a_dry_run_tells_what_would_be_done_and_does_nothing(connection: asyncpg.Connection) -> None:
    await insert(connection, "old")
    before = await connection.fetchval("SELECT version FROM referral_version")
    data = file("a,bob,shop,,,Bob", "old,ann,shop,paused,,")
    imported = await import_file(connection, data, Choices(dry_run=True, update=True))
    refused = await import_file(connection, data, Choices(dry_run=True))
    assert imported == Imported(codes=1, affiliates=1, updated=1)
    assert refused == NotImported([LineError(3, "code 'old' exists already", "code")])
    assert len(await codes(connection)) == 1
    assert before == await connection.fetchval("SELECT version FROM referral_version")


async def test_an_update_sets_what_the_file_has_a_column_for(connection: asyncpg.Connection) -> None:
    await insert(connection, "a", "b", "c")
    await connection.execute("UPDATE referral_codes SET target_url = 'https://x/', status = 'paused'")
    imported = await import_file(
        connection,
        file("a,bob,shop,active,,Bob", "b,ann,shop,,https://y/,Ann B", "c,ann,shop,,https://x/,", "d,ann,shop,,,"),
        Choices(update=True),
    )
    names = [tuple(row) for row in await connection.fetch("SELECT id, name FROM affiliates ORDER BY id")]
    assert imported == Imported(codes=1, affiliates=1, updated=2, unchanged=1, renamed=1)
    assert names == [("ann", "Ann B"), ("bob", "Bob")]
    assert await codes(connection) == [
        ("a", "bob", "shop", "active", None),
        ("b", "ann", "shop", "paused", "https://y/"),
        ("c", "ann", "shop", "paused", "https://x/"),
        ("d", "ann", "shop", "active", None),
    ]


async def test_an_update_leaves_what_the_file_has_no_column_for(connection: asyncpg.Connection) -> None:
    await insert(connection, "a")
    await connection.execute("UPDATE referral_codes SET target_url = 'https://x/', status = 'paused'")
    data = b"code,affiliate_id,program_id\na,ann,shop\n"
    assert await import_file(connection, data, Choices(update=True)) == Imported(codes=0, unchanged=1)
    assert await codes(connection) == [("a", "ann", "shop", "paused", "https://x/")]


async def test_two_affiliates_of_one_name_are_made_only_when_that_is_meant(connection: asyncpg.Connection) -> None:
    await insert(connection)
    data = file("a,bob,shop,,,ann", "b,eve,shop,,,Eve", "c,eva,shop,,,eve")
    refused = await import_file(connection, data)
    imported = await import_file(connection, data, Choices(same_name=True))
    assert refused == NotImported(
        [
            LineError(2, "affiliate 'bob' would have the name of ann", "affiliate_name"),
            LineError(3, "affiliate 'eve' would have the name of eva", "affiliate_name"),
            LineError(4, "affiliate 'eva' would have the name of eve", "affiliate_name"),
        ]
    )
    assert imported == Imported(codes=3, affiliates=3)


@pytest.mark.parametrize(("kind", "id_"), [("program", "shop"), ("affiliate", "ann")])
async def test_no_code_is_imported_into_what_is_archived(connection: asyncpg.Connection, kind: str, id_: str) -> None:
    await insert(connection, "old")
    await connection.execute(f"UPDATE {kind}s SET status = 'archived'")
    data = file("a,ann,shop,,,", "old,ann,shop,paused,,")
    imported = await import_file(connection, data, Choices(update=True))
    assert imported == NotImported([LineError(2, f"{kind} '{id_}' is archived", f"{kind}_id")])


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
