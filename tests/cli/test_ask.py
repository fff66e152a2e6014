"""`clickrail ask` answers in a table or as JSON, says what it read, and refuses in one line."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import date

import pytest
from typer.testing import CliRunner

from cli.ask_words import CannotRead, read_filter, read_moment
from cli.main import app
from storage.read.asking.question import Filter
from tests import servers
from tests.console.builders import open_tables
from tests.storage.read.asking.reference import names_of
from tests.storage.read.asking.world import World, make_world

pytestmark = pytest.mark.servers

DAYS = ("--from", "2026-10-20", "--to", "2026-10-30")


@pytest.fixture(scope="module")
async def database_url(postgres: str) -> AsyncIterator[str]:
    async with servers.empty_schema(postgres) as url:
        yield url


@pytest.fixture(scope="module")
async def world(database_url: str) -> AsyncIterator[World]:
    async with open_tables(database_url) as connection:
        yield await make_world(connection, "Europe/Berlin", count=300)


async def call(database_url: str, *arguments: str) -> tuple[int, str, str]:
    environ = {"CLICKRAIL_DATABASE_URL": database_url}
    done = await asyncio.to_thread(CliRunner().invoke, app, ["ask", *arguments], env=environ)
    return done.exit_code, done.stdout, done.stderr


async def test_a_table_has_shares_and_a_total_that_add_up(world: World, database_url: str) -> None:
    code, table, notes = await call(database_url, *DAYS, "--by", "country", "--measure", "people")
    lines = [line.split("\t") for line in table.splitlines()]
    asked = [click for click in world.clicks if str(click["day"]) < "2026-10-30"]
    people = sum("people" in names_of(click) for click in asked)

    assert code == 0
    assert lines[0] == ["country", "people", "people %"]
    assert {line[0] for line in lines[1:-1]} == {"DE", "PT", "(unknown)"}
    assert lines[-1] == ["total", str(people), "100.0%"]
    assert sum(int(line[1]) for line in lines[1:-1]) == people
    assert notes == "2026-10-20 00:00 to 2026-10-30 00:00, Europe/Berlin\n"


@pytest.mark.usefixtures("world")
async def test_json_has_the_same_numbers_and_a_comparison(database_url: str) -> None:
    code, text, _ = await call(database_url, *DAYS, "--by", "day", "--compare", "previous", "--json")
    found = json.loads(text)

    assert code == 0
    assert len(found["rows"]) == 10
    assert found["rows"][0]["day"] == "2026-10-20"
    assert found["totals"]["people"] == sum(row["people"] for row in found["rows"])
    assert found["zone"] == "Europe/Berlin"
    assert found["before"]["totals"] == {"people": 0, "uniques": 0, "bots": 0}


@pytest.mark.usefixtures("world")
async def test_explain_shows_the_plan_what_was_read_and_the_statement(database_url: str) -> None:
    code, _, notes = await call(database_url, *DAYS, "--where", "affiliate=busy", "--explain")

    assert code == 0
    assert "whole days of affiliates" in notes
    assert "rows of counts (allowed: 50,000)" in notes
    assert "WITH batches AS MATERIALIZED" in notes
    assert "['busy']" in notes


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--by", "town"), "town is nothing to group by"),
        (("--from", "soon"), "soon is neither a day"),
        (("--from", "2026-11-01T08:00"), "says no zone"),
        (("--where", "country"), "country is no filter"),
        (("--compare", "week"), "week is nothing to compare with"),
    ],
)
async def test_a_bad_question_is_one_line(database_url: str, arguments: tuple[str, ...], says: str) -> None:
    code, table, notes = await call(database_url, *arguments)

    assert (code, table) == (2, "")
    assert says in notes
    assert notes.count("\n") == 1


async def test_nothing_behind_the_sign_is_unknown() -> None:
    assert read_filter("country=DE,AT") == Filter("country", ("DE", "AT"))
    assert read_filter("country!=") == read_filter("country!=(unknown)") == Filter("country", ("",), is_not=True)
    assert str(read_moment("yesterday", date(2026, 11, 1))) == "2026-10-31"
    with pytest.raises(CannotRead):
        read_filter("no filter")
