"""`clickrail attribution`, as an operator meets it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import msgspec
import pytest
from click.testing import Result
from typer.testing import CliRunner

from cli.attribution import describe_age, read_at
from cli.main import app
from identity.cookie import CookieClaims, CookieKeys, seal_cookie
from identity.token import TokenKeys, make_token
from referrals.admin.repository import add
from runtime.migration_files import find_migrations
from runtime.migrations import migrate
from tests.console.builders import NOW, enriched_click, open_tables, store, ulid_at
from tests.identity.builders import NONCE, known_ring, write_ring
from tests.referrals.builders import program

RING = known_ring()
FIRST = enriched_click(NOW - timedelta(days=3), program_id="shoes", affiliate_id="ann", code="ann-1")
CLICK = enriched_click(NOW, program_id="shoes", previous_click_id=FIRST.click_id)
TOKEN = make_token(TokenKeys(RING), CLICK.click_id, "shoes")
AT = ("--at", "2026-11-24T11:30:12Z")


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with open_tables(database_url) as connection:
        await migrate(connection, [find_migrations("referrals")])
        await add(connection, program(id="shoes", cookie_window_days=30))
        await store(connection, [FIRST, CLICK])
        yield connection


@pytest.fixture
def environ(database_url: str, tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "keys.json"
    write_ring(path, RING)
    return {"CLICKRAIL_DATABASE_URL": database_url, "CLICKRAIL_KEYS_FILE": str(path)}


async def call(environ: dict[str, str], *arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["attribution", *arguments], env=environ)


@pytest.mark.servers
async def test_a_token_an_id_and_a_cookie_are_credited_to_the_same_click(
    tables: asyncpg.Connection,  # noqa: ARG001 - that there are tables is what is needed
    environ: dict[str, str],
) -> None:
    name, now_s = "__Secure-cr-shoes", int(NOW.timestamp())
    claims = CookieClaims(CLICK.click_id, "aff_lisbon", "shoes", now_s, now_s + 30 * 86_400, CLICK.click_id)
    cookie = f"{name}={seal_cookie(CookieKeys(RING), name, claims, NONCE)}"

    results = [
        await call(environ, *AT, *arguments)
        for arguments in ((TOKEN,), (TOKEN.lower(),), (CLICK.click_id,), ("--cookie", cookie))
    ]
    as_json = msgspec.json.decode((await call(environ, *AT, TOKEN, "--json")).stdout)

    assert [(one.exit_code, one.stdout) for one in results] == [(0, results[0].stdout)] * 4
    assert results[0].stdout.splitlines() == [
        "status\tvalid",
        "affiliate\taff_lisbon",
        "code\tspring-26",
        "program\tshoes",
        f"click\t{CLICK.click_id}",
        "clicked\t2026-11-24 09:30:12 UTC, 1 h 59 min 59 s before",
        "valid until\t2026-12-24 09:30:12 UTC",
        "quality\tnot judged (live)",
        f"first click\tann by ann-1, 2026-11-21 09:30:12 UTC ({FIRST.click_id})",
        f"last click\taff_lisbon by spring-26, 2026-11-24 09:30:12 UTC ({CLICK.click_id})",
        "clicks in the window\t2, the first one has none before it",
    ]
    assert (as_json["first_click"]["affiliate_id"], as_json["clicks"]) == ("ann", 2)


@pytest.mark.servers
async def test_a_click_that_is_not_valid_is_told_by_the_exit_code(
    tables: asyncpg.Connection,  # noqa: ARG001 - that there are tables is what is needed
    environ: dict[str, str],
) -> None:
    late = await call(environ, CLICK.click_id, "--at", "2026-12-24T09:30:13Z")
    forged = await call(environ, make_token(TokenKeys(RING), CLICK.click_id, "hats"))
    unknown = await call(environ, ulid_at(NOW, 5), "--json")

    assert (late.exit_code, late.stdout.splitlines()[0]) == (1, "status\texpired")
    assert (forged.exit_code, forged.stdout) == (
        1,
        "not attributed: forged (It was altered, or made elsewhere, or for another program than that of its click.)\n",
    )
    assert (unknown.exit_code, msgspec.json.decode(unknown.stdout)) == (1, {"reason": "unknown_click"})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give either a click token or click id, or --cookie"),
        ((TOKEN, "--cookie", "a=b"), "give either a click token or click id, or --cookie"),
        ((TOKEN,), "tokens and cookies are verified with the key ring: give --keys-file, or a click id"),
        ((CLICK.click_id, "--at", "now"), "--at: 'now' is no time with its zone, such as 2026-11-24T09:30:00Z"),
    ],
)
async def test_a_wrong_call_says_what_is_wrong(arguments: tuple[str, ...], message: str) -> None:
    result = await call({"CLICKRAIL_DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}, *arguments)

    assert (result.exit_code, result.stderr) == (2, f"clickrail: {message}\n")


@pytest.mark.parametrize(
    ("age_s", "text"),
    [(0, "0 h 0 min 0 s"), (3_725, "1 h 2 min 5 s"), (86_400, "1 d 0 h"), (30 * 86_400 + 7_200, "30 d 2 h")],
)
def test_ages_are_told_by_days_or_to_the_second(age_s: int, text: str) -> None:
    assert describe_age(age_s) == text


def test_a_time_without_a_date_is_now() -> None:
    assert abs(read_at(None) - datetime.now(UTC)) < timedelta(minutes=1)
