"""What the tables refuse, and how versions run: whatever writes, our own code or anybody's SQL."""

import asyncio
import random
from collections.abc import Iterator
from itertools import pairwise

import asyncpg
import msgspec
import pytest

from referrals.connections import connected
from runtime.migration_files import find_migrations
from runtime.migrations import migrate
from tests.referrals.builders import insert
from tests.urls.target_cases import LEFT_TO_PYTHON, NO_TARGETS, TARGETS
from tests.waiting import PATIENCE_S
from urls.hosts import decode_punycode
from urls.targets import check_target

pytestmark = pytest.mark.servers

COLUMNS = ["programs.target_url", "programs.fallback_url", "referral_codes.target_url"]

Change = tuple[str, str, int, bool]


async def changes(connection: asyncpg.Connection) -> list[Change]:
    rows = await connection.fetch("SELECT kind, id, version, deleted FROM referral_changes ORDER BY version, kind, id")
    return [tuple(row) for row in rows]


async def version(connection: asyncpg.Connection) -> int:
    return int(await connection.fetchval("SELECT version FROM referral_version"))


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.tld",
        "https:evil.tld",
        "http://a@evil.tld",
        "https://shop.example@evil.tld/",
        "\\\\evil.tld",
        "https://shop.example\\@evil.tld",
        " https://x",
        "https://x\ty",
        "https://x\r\nSet-Cookie: x=1",
        "https://x\n",
        "https://",
        "https:///path",
        "https://:443/",
        "https://./",
        "https://x y/",
        "https://x\u00a0y/",
        "https://xn\u2028/",
        "ftp://x",
        "",
        "https://" + "x" * 2041,
    ],
)
@pytest.mark.parametrize("column", COLUMNS)
async def test_a_url_that_is_no_target_cannot_be_stored(connection: asyncpg.Connection, column: str, url: str) -> None:
    await insert(connection, "abc")
    table, name = column.split(".")
    with pytest.raises(asyncpg.CheckViolationError, match=r"(target|fallback)_url_shape"):
        await connection.execute(f"UPDATE {table} SET {name} = $1", url)


@pytest.mark.parametrize(
    "url",
    [
        "https://e.com/a%2Fb?m={click_id}&p=a%20b&z=a+b",
        "HTTP://EXAMPLE.com",
        "http://127.0.0.1:8000",
        "https://[2001:db8::1]:8443/?a=\"<>|^`'#x",
        "https://xn--bcher-kva.example./",
        "https://x/" + "x" * 2038,
    ],
)
async def test_a_target_is_kept_byte_for_byte(connection: asyncpg.Connection, url: str) -> None:
    await insert(connection)
    await connection.execute("UPDATE programs SET target_url = $1", url)
    assert url == await connection.fetchval("SELECT target_url FROM programs")


async def judge(connection: asyncpg.Connection, urls: list[str]) -> dict[str, bool]:
    rows = await connection.fetch("SELECT url, is_target_url(url) AS good FROM unnest($1::text[]) url", urls)
    return {row["url"]: row["good"] for row in rows}


async def test_the_tables_and_the_checks_agree_on_what_a_target_is(connection: asyncpg.Connection) -> None:
    judged = await judge(connection, TARGETS + NO_TARGETS + LEFT_TO_PYTHON)
    assert [url for url in TARGETS + LEFT_TO_PYTHON if not judged[url]] == []
    assert [url for url in NO_TARGETS if judged[url]] == []


def random_urls(choose: random.Random) -> Iterator[str]:
    letters = "aZ09-_.:/?#[]@!$&'()*+,;=%{}|^~\"<> \\\t\né"
    starts = ("https://", "http://h", "HTTPS://[::1]", "https://a.b:8", "")
    numbers = ("0", "1", "9", "09", "10", "255", "256", "0x", "0xf", "a", "")
    groups = ("0", "1", "ffff", "00001", "1.2.3.4", "01.2.3.4", "", "")
    punycode = "abcxyz0189-"
    for _ in range(4_000):
        yield choose.choice(starts) + "".join(choose.choices(letters, k=choose.randrange(12)))
        yield f"http://{'.'.join(choose.choices(numbers, k=choose.randint(1, 5)))}/"
        yield f"http://h:{''.join(choose.choices('0123456789', k=choose.randint(0, 6)))}"
        yield f"http://[{':'.join(choose.choices(groups, k=choose.randint(2, 9)))}]/"
        yield f"http://xn--{''.join(choose.choices(punycode, k=choose.randint(0, 12)))}.b/"
        word = "".join(chr(choose.choice((97, 0xE9, 0x4E2D, 0x1F4A9)) + choose.randrange(9)) for _ in range(6))
        yield f"http://xn--{word.encode('punycode').decode()}/"


async def test_they_agree_on_random_urls_too_but_for_what_punycode_may_stand_for(
    connection: asyncpg.Connection,
) -> None:
    urls = sorted(set(random_urls(random.Random(20_261_124))))
    judged = await judge(connection, urls)
    accepted = [url for url in urls if check_target(url) == url]
    differ = [url for url in urls if judged[url] and check_target(url) != url]
    decoded = [
        decode_punycode(url[11:].rstrip("/").removesuffix(".b")) for url in differ if url.startswith("http://xn--")
    ]
    assert ([url for url in accepted if not judged[url]], len(accepted) > 3_000) == ([], True)
    assert (len(decoded), None in decoded) == (len(differ), False)


@pytest.mark.parametrize("url", ["http://1.2.3/", "https://xn--0.example/", "https://e.com:080/"])
@pytest.mark.parametrize("column", COLUMNS)
async def test_a_url_that_no_browser_can_follow_cannot_be_stored(
    connection: asyncpg.Connection, column: str, url: str
) -> None:
    await insert(connection, "abc")
    table, name = column.split(".")
    with pytest.raises(asyncpg.CheckViolationError, match=rf"{name}: no browser can follow") as raised:
        await connection.execute(f"UPDATE {table} SET {name} = $1", url)
    assert raised.value.constraint_name.endswith(f"{name}_host")
    with pytest.raises(asyncpg.CheckViolationError, match="no browser can follow"):
        await connection.execute("INSERT INTO programs (id, name, target_url) VALUES ('x', 'X', $1)", url)


async def test_a_target_from_before_that_rule_goes_on_and_can_be_paused_and_mended(database_url: str) -> None:
    package = find_migrations("referrals")
    before = msgspec.structs.replace(package, migrations=[one for one in package.migrations if one.number < 5])
    async with connected(database_url) as connection:
        await migrate(connection, [before])
        await insert(connection, "abc")
        await connection.execute("UPDATE programs SET target_url = 'http://1.2.3/'")
        await migrate(connection, [package])
        await connection.execute("UPDATE programs SET status = 'paused', name = 'Old'")
        after = await connection.fetchrow("SELECT status, target_url FROM programs")
        await connection.execute("UPDATE programs SET target_url = 'http://1.2.3.4/'")
    assert tuple(after) == ("paused", "http://1.2.3/")


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("UPDATE programs SET status = 'deleted'", "program_status_known"),
        ("UPDATE programs SET name = ''", "program_name_shape"),
        ("UPDATE programs SET name = E'a\\nb'", "program_name_shape"),
        ("UPDATE programs SET cookie_window_days = 0", "program_cookie_window_range"),
        ("UPDATE programs SET cookie_window_days = 401", "program_cookie_window_range"),
        ("UPDATE programs SET cookie_domain = '.shop.example'", "program_cookie_domain_shape"),
        ("UPDATE programs SET cookie_domain = 'com'", "program_cookie_domain_shape"),
        ("UPDATE programs SET cookie_domain = 'Shop.example'", "program_cookie_domain_shape"),
        ("UPDATE programs SET cookie_domain = '10.0.0.1'", "program_cookie_domain_shape"),
        ("UPDATE programs SET cookie_domain = 'shop.example; Path=/x'", "program_cookie_domain_shape"),
        ("UPDATE programs SET privacy = 'none'", "program_privacy_known"),
        ("UPDATE programs SET privacy_gpc = 'none'", "program_privacy_gpc_known"),
        ("UPDATE programs SET privacy_dnt = 'none'", "program_privacy_dnt_known"),
        ("UPDATE programs SET limit_policy = 'block'", "program_limit_policy_known"),
        ("UPDATE programs SET unique_window_s = -1", "program_unique_window_range"),
        ("INSERT INTO programs (id, name, target_url) VALUES ('Shop', 'x', 'https://x')", "program_id_shape"),
        ("INSERT INTO programs (id, name, target_url) VALUES ('', 'x', 'https://x')", "program_id_shape"),
        ("INSERT INTO programs (id, name, target_url) VALUES (E'a\\n', 'x', 'https://x')", "program_id_shape"),
        ("INSERT INTO programs (id, name, target_url) VALUES ('shop', 'x', 'https://x')", "programs_pkey"),
        ("INSERT INTO affiliates (id, name) VALUES ('a b', 'x')", "affiliate_id_shape"),
        ("INSERT INTO affiliates (id, name) VALUES (repeat('a', 41), 'x')", "affiliate_id_shape"),
        ("UPDATE affiliates SET status = ''", "affiliate_status_known"),
        ("UPDATE affiliates SET name = repeat('a', 201)", "affiliate_name_shape"),
        ("INSERT INTO referral_codes VALUES ('a/b', 'ann', 'shop')", "code_shape"),
        ("INSERT INTO referral_codes VALUES (repeat('a', 65), 'ann', 'shop')", "code_shape"),
        ("INSERT INTO referral_codes VALUES ('x', 'bob', 'shop')", "code_affiliate_exists"),
        ("INSERT INTO referral_codes VALUES ('x', 'ann', 'house')", "code_program_exists"),
        ("INSERT INTO referral_codes VALUES ('abc', 'ann', 'shop')", "referral_codes_pkey"),
        ("UPDATE referral_codes SET status = 'x'", "code_status_known"),
        ("UPDATE programs SET id = 'house'", "referral_key_kept"),
        ("UPDATE referral_codes SET code = 'x'", "referral_key_kept"),
        ("INSERT INTO referral_version (version) VALUES (1)", "referral_version_pkey"),
    ],
)
async def test_nonsense_cannot_be_stored(connection: asyncpg.Connection, change: str, constraint: str) -> None:
    await insert(connection, "abc")
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as raised:
        await connection.execute(change)
    assert constraint == raised.value.constraint_name


async def test_codes_are_case_sensitive(connection: asyncpg.Connection) -> None:
    await insert(connection, "abc", "ABC")
    assert [row["code"] for row in await connection.fetch("SELECT code FROM referral_codes ORDER BY 1")] == [
        "ABC",
        "abc",
    ]


async def test_each_statement_takes_one_version_and_stamps_its_rows(connection: asyncpg.Connection) -> None:
    await insert(connection, "a", "b")
    await connection.execute("UPDATE affiliates SET status = 'paused'")
    expected = [
        ("program", "shop", 1, False),
        ("code", "a", 3, False),
        ("code", "b", 3, False),
        ("affiliate", "ann", 4, False),
    ]
    stamped = await connection.fetch(
        "SELECT version FROM programs UNION ALL SELECT version FROM affiliates "
        "UNION ALL SELECT version FROM referral_codes"
    )
    assert (expected, 4, [1, 4, 3, 3]) == (
        await changes(connection),
        await version(connection),
        [r[0] for r in stamped],
    )


async def test_a_version_cannot_be_chosen(connection: asyncpg.Connection) -> None:
    await insert(connection)
    await connection.execute("UPDATE programs SET version = 99")
    assert await connection.fetchval("SELECT version FROM programs") == 3


async def test_an_upsert_is_stamped_and_recorded_too(connection: asyncpg.Connection) -> None:
    await insert(connection, "a")
    await connection.execute(
        "INSERT INTO referral_codes (code, affiliate_id, program_id) VALUES ('a', 'ann', 'shop'), ('b', 'ann', 'shop') "
        "ON CONFLICT (code) DO UPDATE SET status = 'paused'"
    )
    stamped = {(r["code"], r["version"]) for r in await connection.fetch("SELECT code, version FROM referral_codes")}
    recorded = {(id_, version) for kind, id_, version, _ in await changes(connection) if kind == "code"}
    assert stamped == recorded
    assert min(version for _, version in stamped) > 3


async def test_several_tables_in_one_statement_are_recorded_as_they_are_stamped(connection: asyncpg.Connection) -> None:
    await connection.execute(
        "WITH p AS (INSERT INTO programs (id, name, target_url) VALUES ('shop', 'Shop', 'https://x') RETURNING id) "
        "INSERT INTO affiliates (id, name) SELECT 'ann', 'Ann' FROM p"
    )
    stamped = await connection.fetchval("SELECT (SELECT version FROM programs), (SELECT version FROM affiliates)")
    recorded = {kind: version for kind, _, version, _ in await changes(connection)}
    assert stamped == recorded["program"]
    assert await connection.fetchval("SELECT version FROM affiliates") == recorded["affiliate"]


async def test_a_deletion_leaves_a_tombstone_with_a_higher_version(connection: asyncpg.Connection) -> None:
    await insert(connection, "a", "b")
    await connection.execute("DELETE FROM referral_codes WHERE code = 'a'")
    assert (await changes(connection))[-2:] == [("code", "b", 3, False), ("code", "a", 4, True)]


async def test_a_truncation_leaves_a_tombstone_for_every_row(connection: asyncpg.Connection) -> None:
    await insert(connection, "a", "b")
    await connection.execute("TRUNCATE referral_codes")
    await connection.execute("TRUNCATE referral_codes")
    assert (await changes(connection))[-2:] == [("code", "a", 4, True), ("code", "b", 4, True)]


@pytest.mark.parametrize(
    ("delete", "again"),
    [
        ("DELETE FROM programs", "INSERT INTO programs (id, name, target_url) VALUES ('shop', 'x', 'https://x')"),
        ("DELETE FROM affiliates", "INSERT INTO affiliates (id, name) VALUES ('ann', 'x')"),
    ],
)
async def test_the_id_of_a_deleted_program_or_affiliate_is_never_used_again(
    connection: asyncpg.Connection, delete: str, again: str
) -> None:
    await insert(connection)
    await connection.execute(delete)
    with pytest.raises(asyncpg.UniqueViolationError, match="belonged to a deleted one and is never used again"):
        await connection.execute(again)


async def test_a_program_with_codes_cannot_be_deleted(connection: asyncpg.Connection) -> None:
    await insert(connection, "a")
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="code_program_exists"):
        await connection.execute("DELETE FROM programs")


async def test_a_transaction_rolled_back_takes_no_version(connection: asyncpg.Connection) -> None:
    await insert(connection)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("UPDATE programs SET status = 'paused'")
    await transaction.rollback()
    assert await version(connection) == 2


async def test_versions_become_visible_in_their_own_order(referrals_url: str, connection: asyncpg.Connection) -> None:
    await insert(connection)
    async with connected(referrals_url) as first, connected(referrals_url) as second:
        transaction = first.transaction()
        await transaction.start()
        await first.execute("UPDATE programs SET status = 'paused'")
        # The second change waits for the first one's commit: otherwise its version would be seen before a lower one.
        later = asyncio.create_task(second.execute("UPDATE affiliates SET status = 'paused'"))
        done, _ = await asyncio.wait([later], timeout=0.2)
        seen_before = await version(connection)
        await transaction.commit()
        await later
    expected = [("program", "shop", 3, False), ("affiliate", "ann", 4, False)]
    assert (set(), 2, expected) == (done, seen_before, await changes(connection))


async def test_concurrent_changes_never_show_a_lower_version_after_a_higher_one(
    referrals_url: str, connection: asyncpg.Connection
) -> None:
    await insert(connection, *(f"c{n}" for n in range(20)))
    snapshots = [await changes(connection)]

    async def change(first: int) -> None:
        async with connected(referrals_url) as writer:
            for n in range(first, first + 5):
                await writer.execute("UPDATE referral_codes SET status = 'paused' WHERE code = $1", f"c{n}")

    writers = asyncio.gather(*(change(first) for first in (0, 5, 10, 15)))
    while not writers.done():
        snapshots.append(await changes(connection))
    await writers
    late = [
        change
        for before, after in pairwise(snapshots)
        for change in set(after) - set(before)
        if change[2] <= max(version for _, _, version, _ in before)
    ]
    assert (late, await version(connection)) == ([], 23)


async def test_every_change_is_announced(referrals_url: str, connection: asyncpg.Connection) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with connected(referrals_url) as listener:
        await listener.add_listener("clickrail_referrals", lambda *arguments: heard.put_nowait(arguments[3]))
        await insert(connection, "a")
        async with asyncio.timeout(PATIENCE_S):
            assert [await heard.get() for _ in range(3)] == ["1", "2", "3"]


async def test_a_session_with_another_search_path_is_recorded_too(connection: asyncpg.Connection) -> None:
    await insert(connection)
    schema = await connection.fetchval("SELECT current_schema()")
    await connection.execute(f"SET search_path TO public; UPDATE {schema}.programs SET status = 'paused'")
    await connection.execute(f"SET search_path TO {schema}")
    assert (await changes(connection))[-1] == ("program", "shop", 3, False)
