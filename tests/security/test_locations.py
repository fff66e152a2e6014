"""Items 1 to 4: a Location is a stored URL, what may be stored is a web address, and its bytes stay as they are."""

import asyncio
from urllib.parse import urlsplit

import asyncpg
import pytest
import typer
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from typer.testing import CliRunner

from cli.referrals import program as programs
from ingest.settings import Settings
from referrals.connections import connected
from referrals.lookup.answers import UNKNOWN_HERE, Answer, Found
from referrals.lookup.factory import LookupSettings, open_lookup
from referrals.lookup.redis_codec import VersionedValue, pack, unpack
from referrals.metrics import LookupMetrics
from runtime.errors import SettingsError
from runtime.migration_files import find_migrations
from runtime.migrations import migrate
from runtime.settings import load
from schemas.reasons import STORES_AWAY
from tests.examples import examples
from tests.ingest.builders import SHOES, found
from tests.ingest.serving import serving
from tests.ingest.test_settings import NEEDED
from tests.ingest.wire import ask
from tests.pipeline import DEMO
from tests.referrals.builders import PATIENT, code, program
from urls.targets import TargetProblem, check_target

NAMES = ("u", "url", "dest", "next", "to", "goto", "target", "return", "r", "redirect", "redirect_uri", "target_url")
INSERT = "INSERT INTO programs (id, name, target_url, fallback_url) VALUES ('a', 'A', $1, $2)"
UNCONSTRAINED = "DROP FUNCTION is_web_url CASCADE"
INJECTION = "https://shop.example/\r\nSet-Cookie: x=1"
NO_TARGETS = [
    "javascript:alert(1)",
    "data:text/html,x",
    "//evil.tld",
    "https:evil.tld",
    "http://a@evil.tld",
    "\\\\evil.tld",
    " https://x",
    "https://x\ty",
    INJECTION,
]


@pytest.mark.parametrize("stored", [SHOES, "https://shop.example/{sub1}"])
async def test_item_01_no_query_parameter_chooses_the_location(stored: str) -> None:
    async with serving({"abc123": found(target_url=stored)}) as served:
        for name in NAMES:
            for value in (
                "https://evil.tld",
                "//evil.tld",
                "https%3A%2F%2Fevil.tld",
                "%0d%0aLocation:%20https://evil.tld",
            ):
                answer = await ask(served.port, f"/ref/abc123?{name}={value}")
                assert (answer.status, answer.location) == (302, stored.format(sub1=""))


def without(*stops: int) -> st.SearchStrategy[bytes]:
    return st.binary(max_size=60).map(lambda data: bytes(byte for byte in data if byte not in stops))


pieces = st.one_of(
    without(10, 13, 32, 0),
    st.sampled_from(
        [b"https://evil.example", b"//evil.example", b"%0d%0aLocation:%20https://evil.example", b"..", b"@evil.example",
         b"sub1=//evil.example", b"u=https://evil.example", b"sub1=..", b"sub2=%2e%2e", b"&", b"?", b"#", b"/"]
    ),
)  # fmt: skip


@pytest.mark.slow
@examples(150)
@given(
    code=st.sampled_from([b"plain", b"macros", b"nobody"]),
    rest=st.lists(pieces, max_size=6),
    host=without(10, 13),
    referrer=without(10, 13),
)
async def test_item_01_no_request_whatever_it_holds_chooses_the_location(
    code: bytes, rest: list[bytes], host: bytes, referrer: bytes
) -> None:
    macros = "https://shop.example:8443/{sub1}/x/{sub2}?e={external_id}"
    codes = {"plain": found(), "macros": found(target_url=macros), "nobody": UNKNOWN_HERE}
    fields = {
        "Host": host,
        "Referer": referrer,
        "X-Forwarded-Host": b"evil.example",
        "X-Original-URL": b"//evil.example",
    }
    async with serving(codes) as served:
        answer = await ask(served.port, b"/ref/" + code + b"?" + b"".join(rest), fields)
    assert answer.status in (302, 400, 404)
    if answer.location is not None:
        parts = urlsplit(answer.location)
        assert (parts.scheme, parts.hostname) == ("https", "shop.example")
        assert parts.port == (8443 if code == b"macros" else None)
        assert code == b"macros" or answer.location == SHOES


@pytest.mark.parametrize("url", NO_TARGETS)
def test_item_02_what_is_no_web_address_is_no_target_and_no_fallback(url: str) -> None:
    assert isinstance(check_target(url), TargetProblem)
    with pytest.raises(SettingsError, match="CLICKRAIL_INGEST_FALLBACK_URL"):
        load(Settings, NEEDED | {"CLICKRAIL_INGEST_FALLBACK_URL": url})


@pytest.mark.servers
async def test_item_02_neither_the_command_nor_the_tables_take_it(database_url: str) -> None:
    async with connected(database_url) as connection:
        await migrate(connection, [find_migrations("referrals")])
        for url in NO_TARGETS:
            for target, fallback in ((url, None), (SHOES, url)):
                refused = await asyncio.to_thread(add_program, database_url, target, fallback)
                assert (refused.exit_code, refused.stdout) == (2, "")
                with pytest.raises(asyncpg.CheckViolationError):
                    await connection.execute(INSERT, target, fallback)
        assert (await asyncio.to_thread(add_program, database_url, SHOES, None)).exit_code == 0
        await connection.execute(INSERT, SHOES, None)


def add_program(database_url: str, target: str, fallback: str | None) -> Result:
    app = typer.Typer()
    app.add_typer(programs, name="program")
    options = ["--target", target, *(["--fallback", fallback] if fallback else [])]
    return CliRunner().invoke(app, ["program", "add", "Shop", *options], env={"CLICKRAIL_DATABASE_URL": database_url})


def test_item_03_a_line_feed_written_past_our_tables_into_redis_is_a_miss() -> None:
    for value in (program(target_url=INJECTION), program(fallback_url=INJECTION), code(target_url=INJECTION)):
        assert unpack((value.kind, value.id), pack(VersionedValue(value, 9))) is None


@pytest.mark.servers
@pytest.mark.parametrize("column", ["target_url", "fallback_url", "code_target_url"])
async def test_item_03_a_line_feed_in_a_table_without_its_constraint_leads_to_the_fallback(
    column: str, database_url: str
) -> None:
    async with connected(database_url) as connection:
        await migrate(connection, [find_migrations("referrals")])
        await connection.execute(UNCONSTRAINED)
        await connection.execute(DEMO)
        assert isinstance(await look_up(database_url, "abc123"), Found)
        table, name = ("referral_codes", "target_url") if column == "code_target_url" else ("programs", column)
        await connection.execute(f"UPDATE {table} SET {name} = $1", INJECTION)
    async with serving({"abc123": await look_up(database_url, "abc123")}, fallback_url=SHOES) as served:
        answer = await ask(served.port, "/ref/abc123")
        (rejection,) = (await served.published()).rejections()
    assert (answer.status, answer.location, answer.cookie) == (302, SHOES, None)
    assert rejection.reason == STORES_AWAY.number


async def look_up(database_url: str, code: str) -> Answer:
    settings = LookupSettings(database_url=database_url, **PATIENT)
    async with open_lookup(settings, LookupMetrics(CollectorRegistry())) as lookup:
        return await lookup.find(code)


async def test_item_03_a_line_feed_in_a_templated_value_stays_within_the_location() -> None:
    async with serving({"abc123": found(target_url="https://shop.example/?s={sub1}&h={external_id}")}) as served:
        answer = await ask(served.port, "/ref/abc123?sub1=%0d%0aSet-Cookie:%20x=1&external_id=%0A%0a%0d")
    assert (answer.status, answer.location) == (302, "https://shop.example/?s=Set-Cookie%3A%20x%3D1&h=")
    assert answer.cookie is not None
    assert answer.cookie[0] == "__Host-cr-shop"


async def test_item_03_a_line_feed_in_a_target_in_memory_gets_an_answer_and_no_header_of_its_own() -> None:
    async with serving({"abc123": found(target_url=INJECTION)}) as served:
        answer = await ask(served.port, "/ref/abc123")
        assert (await ask(served.port, "/ref/nobody")).status == 404
    assert (answer.status, answer.location, answer.cookie) == (500, None, None)


@pytest.mark.parametrize(
    "stored",
    [
        "https://e.com/a%2Fb?m={x}&p=a%20b&z=a+b",
        "HTTP://E.com",
        "https://e.com?x=1[]|^`\"'<>",
        "https://e.com/%c3%bc/%C3%BC/%7e/~/./../a//b",
        "https://[2001:db8::1]:8443/#f",
    ],
)
async def test_item_04_a_location_is_the_stored_url_to_the_byte(stored: str) -> None:
    async with serving({"abc123": found(target_url=stored)}) as served:
        answer = await ask(served.port, "/ref/abc123")
    assert (answer.status, answer.location) == (302, stored)


async def test_item_04_a_macro_changes_its_own_place_and_no_byte_beside_it() -> None:
    async with serving({"abc123": found(target_url="https://e.com/a%2Fb?m={click_id}&p=a%20b&z=a+b")}) as served:
        answer = await ask(served.port, "/ref/abc123")
        (click,) = (await served.published()).clicks()
    assert answer.location == f"https://e.com/a%2Fb?m={click.click_id}&p=a%20b&z=a+b"
