"""`clickrail token verify`, as a person or a script meets it."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from cli import tokens
from identity.keyfile import create_ring, read_ring
from identity.keys import RING_RANDOMNESS, init_ring
from identity.token import TokenKeys, make_token
from tests.console.builders import enriched_click, open_tables, store

CLICK_ID = "01KAV9FT00JCKYZSHQA40QNF51"
FOREIGN = f"{CLICK_ID}.k7W34REVFFNVZRRRST"
PROGRAM = "prg_shoes"
GENUINE = f"genuine: click {CLICK_ID} of 2025-11-24 16:00:00 UTC"

app = typer.Typer()
app.command("verify")(tokens.verify)


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    create_ring(path, init_ring(datetime.now(UTC), os.urandom(RING_RANDOMNESS)))
    return path


@pytest.fixture
def genuine(keys_file: Path) -> str:
    return make_token(TokenKeys(read_ring(keys_file)), CLICK_ID, PROGRAM)


def run(keys_file: Path, *arguments: str, given: str | None = None, **environ: str) -> Result:
    return CliRunner().invoke(app, arguments, input=given, env={"CLICKRAIL_KEYS_FILE": str(keys_file)} | environ)


def verify(keys_file: Path, *arguments: str, given: str | None = None, **environ: str) -> Result:
    """Verify tokens of the program."""
    return run(keys_file, *arguments, "--program", PROGRAM, given=given, **environ)


def test_a_token_is_verified_in_any_case_and_with_what_stands_around_it(keys_file: Path, genuine: str) -> None:
    for text in (genuine, genuine.lower(), f" {genuine}\n", f"https://shop.example/?click={genuine}"):
        result = verify(keys_file, text)
        assert (result.exit_code, result.stdout) == (0, f"{GENUINE}\n")


def test_tokens_on_standard_input_are_verified_line_by_line(keys_file: Path, genuine: str) -> None:
    results = [verify(keys_file, *arguments, given=f"{genuine}\n\n{genuine.lower()}\n") for arguments in ((), ("-",))]
    mixed = verify(keys_file, given=f"{genuine}\nnonsense\n")
    assert [(one.exit_code, one.stdout) for one in results] == [(0, f"{GENUINE}\n{GENUINE}\n")] * 2
    assert (mixed.exit_code, len(mixed.stdout.splitlines())) == (1, 2)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nonsense", "malformed (a click token has 45 characters: 26 of the click's id, a dot, and 18 more)"),
        (FOREIGN[:40], "malformed (a click token has 45 characters: 26 of the click's id, a dot, and 18 more)"),
    ],
)
def test_what_is_not_genuine_says_why(keys_file: Path, text: str, why: str) -> None:
    result = verify(keys_file, text)
    assert (result.exit_code, result.stdout) == (1, f"not genuine: {why}\n")


def test_an_altered_token_is_forged(keys_file: Path, genuine: str) -> None:
    altered = genuine[:-1] + ("0" if genuine[-1] != "0" else "1")
    assert verify(keys_file, altered).stdout.startswith("not genuine: forged (it was altered")


def test_no_token_at_all_is_said_so(keys_file: Path) -> None:
    result = verify(keys_file, given=" \n")
    assert (result.exit_code, result.stderr) == (
        2,
        "clickrail: there is no token on standard input: give TOKEN, or one token on each line\n",
    )


def test_json_is_one_value_for_one_token_and_a_list_for_several(keys_file: Path, genuine: str) -> None:
    one = msgspec.json.decode(verify(keys_file, genuine, "--json").stdout)
    several = msgspec.json.decode(verify(keys_file, "--json", given=f"{genuine}\nnonsense\n").stdout)
    expected = {"token": genuine, "genuine": True, "click_id": CLICK_ID, "clicked_at": "2025-11-24T16:00:00Z"}
    assert one == expected
    assert several == [expected, {"token": "nonsense", "genuine": False, "reason": "malformed"}]


def test_a_database_that_is_away_keeps_no_answer_back(keys_file: Path, genuine: str) -> None:
    result = verify(keys_file, genuine, CLICKRAIL_DATABASE_URL="postgresql://x@127.0.0.1:1/x")
    assert (result.exit_code, result.stdout) == (0, f"{GENUINE}\n")
    assert result.stderr.startswith("clickrail: PostgreSQL does not answer")


@pytest.mark.servers
async def test_a_click_that_was_a_test_is_told_as_one(keys_file: Path, database_url: str) -> None:
    person, test = enriched_click(number=1), enriched_click(number=2, is_test=True)
    ids = [person.click_id, test.click_id, CLICK_ID]
    given = [make_token(TokenKeys(read_ring(keys_file)), click_id, PROGRAM) for click_id in ids]
    async with open_tables(database_url) as tables:
        await store(tables, [person, test])
        results = [
            await asyncio.to_thread(verify, keys_file, text, CLICKRAIL_DATABASE_URL=database_url) for text in given
        ]
    said = [result.stdout.strip().partition(" UTC")[2] for result in results]
    assert said == [
        ", by code spring-26 of aff_lisbon for prg_shoes",
        ", by code spring-26 of aff_lisbon for prg_shoes; a test, which no total counts",
        ", which is not in the table, or not yet",
    ]


def test_a_token_of_another_program_is_forged(keys_file: Path, genuine: str) -> None:
    result = run(keys_file, genuine, "--program", "prg_hats")
    why = "forged (it was altered, or made elsewhere, or for another program)"
    assert (result.exit_code, result.stdout) == (1, f"not genuine: {why}\n")


def test_without_a_program_a_database_is_needed(keys_file: Path, genuine: str) -> None:
    result = run(keys_file, genuine)
    away = run(keys_file, genuine, CLICKRAIL_DATABASE_URL="postgresql://x@127.0.0.1:1/x")
    need = "each program has its own key: give --program, or --database-url to look the click up"
    assert (result.exit_code, result.stderr) == (2, f"clickrail: {need}\n")
    assert (away.exit_code, away.stdout) == (2, "")


@pytest.mark.servers
async def test_without_a_program_that_of_the_click_is_taken(keys_file: Path, database_url: str) -> None:
    click = enriched_click(number=1, program_id="prg_hats")
    keys = TokenKeys(read_ring(keys_file))
    tokens_ = [
        make_token(keys, click.click_id, "prg_hats"),
        make_token(keys, click.click_id, PROGRAM),
        make_token(keys, CLICK_ID, PROGRAM),
        f"{click.click_id}.{keys.kid}",
    ]
    async with open_tables(database_url) as tables:
        await store(tables, [click])
        result = await asyncio.to_thread(
            run, keys_file, "--json", given="\n".join(tokens_), CLICKRAIL_DATABASE_URL=database_url
        )
    verified = msgspec.json.decode(result.stdout)
    assert [(one["genuine"], one.get("reason")) for one in verified] == [
        (True, None),
        (False, "forged"),
        (None, "unknown_click"),
        (False, "malformed"),
    ]
    assert verified[0]["click"]["program_id"] == "prg_hats"
    assert result.exit_code == 1
