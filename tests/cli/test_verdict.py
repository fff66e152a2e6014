"""`clickrail verdict` and `clickrail rescore`: people decide, and scores are computed again."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from cli.main import app
from storage.read.scores import find_verdict
from tests.console.builders import open_tables, store
from tests.settler.builders import CLICKED, sweep_at

pytestmark = pytest.mark.servers

CLICKS = sweep_at(0)
CLICK = CLICKS[0].click_id
DAY = ("--from", f"{CLICKED:%Y-%m-%d}", "--to", "2026-11-25")


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with open_tables(database_url) as connection:
        await store(connection, CLICKS)
        yield connection


@pytest.fixture
def environ(database_url: str) -> dict[str, str]:
    return {"CLICKRAIL_DATABASE_URL": database_url, "USER": "ana", "LOGNAME": "ana"}


async def call(environ: dict[str, str], *arguments: str) -> tuple[int, str]:
    done = await asyncio.to_thread(CliRunner().invoke, app, list(arguments), env=environ)
    return done.exit_code, done.output


async def test_a_verdict_is_recorded_and_withdrawn(tables: asyncpg.Connection, environ: dict[str, str]) -> None:
    said = await call(environ, "verdict", CLICK, "invalid", "--why", "the affiliate's own")
    found = await find_verdict(tables, CLICK, CLICKS[0].clicked_at)
    withdrawn = await call(environ, "verdict", CLICK, "--withdraw")
    after = await find_verdict(tables, CLICK, CLICKS[0].clicked_at)

    assert said == (0, f"{CLICK} is invalid\n")
    assert found is not None
    assert found.decision is not None
    assert (found.decision.why, found.decision.who, found.newest.band) == ("the affiliate's own", "ana", "invalid")
    assert withdrawn == (0, f"The verdict about {CLICK} is withdrawn\n")
    assert after is not None
    assert (after.source, len(after.manual)) == ("live", 2)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((CLICK,), "give either valid or invalid, or --withdraw"),
        ((CLICK, "valid", "--withdraw"), "give either valid or invalid, or --withdraw"),
        ((CLICK, "valid"), "--why is missing"),
        ((CLICK, "--withdraw"), "there is no verdict about"),
        (("nonsense", "valid", "--why", "x"), "nonsense is no click id"),
        (("01KAT301V8C3Q9GZ2F5B7N4M6P", "valid", "--why", "x"), "the table has no click"),
    ],
)
async def test_what_cannot_be_recorded_is_said(
    tables: asyncpg.Connection, environ: dict[str, str], arguments: tuple[str, ...], says: str
) -> None:
    code, output = await call(environ, "verdict", *arguments)

    assert code == 2
    assert says in output
    assert await tables.fetchval("SELECT count(*) FROM click_verdicts") == 0


async def test_scores_are_computed_again_with_the_rules_of_a_file(
    tables: asyncpg.Connection, environ: dict[str, str], tmp_path: Path
) -> None:
    rules = tmp_path / "rules.json"
    rules.write_text('{"name": "acme", "version": "2", "values": {"link_sweep_weight": 0.95}}')

    tried = await call(environ, "rescore", *DAY, "--rules", str(rules), "--dry-run")
    before = await tables.fetchval("SELECT count(*) FROM click_scores")
    done = await call(environ, "rescore", *DAY, "--rules", str(rules))

    assert tried[0] == done[0] == 0
    assert "3 clicks with the rules acme 2" in tried[1]
    assert "clean\tinvalid\t3" in tried[1]
    assert "link_sweep\t3\t0" in tried[1]
    assert before == 0
    assert "3 scores written" in done[1]
    assert await tables.fetchval("SELECT count(*) FROM click_scores WHERE band = 'invalid'") == 3


async def test_rules_that_cannot_be_used_change_nothing(
    tables: asyncpg.Connection, environ: dict[str, str], tmp_path: Path
) -> None:
    rules = tmp_path / "rules.json"
    rules.write_text('{"name": "acme", "version": "2", "values": {"link_swep_weight": 0.95}}')

    code, output = await call(environ, "rescore", *DAY, "--rules", str(rules))

    assert code == 2
    assert "did you mean link_sweep_weight?" in output
    assert await tables.fetchval("SELECT count(*) FROM click_scores") == 0
