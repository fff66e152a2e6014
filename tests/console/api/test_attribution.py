"""`GET /api/v1/attribution`: what it answers, to whom, and that its fields are those of the page."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from multidict import MultiDict

from console.api.attribution import NAMES, Question, read_question
from docs.generate import FOLDER
from identity.keyfile import edit_ring, read_ring
from identity.keys import rotate
from identity.token import TokenKeys, make_token
from referrals.admin.repository import add
from runtime.migration_files import find_migrations
from runtime.migrations import migrate
from runtime.secret import Secret
from schemas import EnrichedClick
from storage.days import drop_day
from storage.read.attribution import Attribution, Quality, Touchpoint
from storage.read.attribution_claims import EXPLANATIONS
from tests.console.builders import enriched_click, store, ulid_at
from tests.console.running import Console, make_settings, run_console
from tests.identity.builders import known_ring, randomness, write_ring
from tests.referrals.builders import program

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
URL = "/api/v1/attribution"
PAGE = (FOLDER / "attribution.md").read_text(encoding="utf-8")
ID = ulid_at(NOW)


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    write_ring(path, known_ring())
    return path


@pytest.fixture
async def shop(database_url: str, tables: asyncpg.Connection, keys_file: Path) -> AsyncIterator[Console]:
    """A console with a key ring and the program `shoes`, without Kafka, and somebody logged in."""
    await migrate(tables, [find_migrations("referrals")])
    await add(tables, program(id="shoes", cookie_window_days=30))
    async with run_console(make_settings(database_url=Secret(database_url), keys_file=str(keys_file))) as console:
        await console.log_in()
        yield console


async def ask(console: Console, **query: str) -> tuple[int, Any]:
    async with console.client.get(URL, params=query) as response:
        assert response.headers["Cache-Control"] == "no-store"
        is_answer = response.status == 200
        assert response.content_type == ("application/json" if is_answer else "application/problem+json")
        return response.status, msgspec.json.decode(await response.read())


async def store_click(tables: asyncpg.Connection, age: timedelta = timedelta(hours=1), **changes: Any) -> EnrichedClick:
    click = enriched_click(datetime.now(UTC) - age, program_id="shoes", **changes)
    await store(tables, [click])
    return click


@pytest.mark.servers
async def test_a_genuine_token_and_the_id_of_its_click_get_the_same_answer(
    shop: Console, tables: asyncpg.Connection, keys_file: Path
) -> None:
    click = await store_click(tables)
    token = make_token(TokenKeys(read_ring(keys_file)), click.click_id, "shoes")
    at = (click.clicked_at + timedelta(days=2)).isoformat()

    by_token, by_id = await ask(shop, token=token, at=at), await ask(shop, click_id=click.click_id, at=at)
    now = await ask(shop, token=token)

    assert by_token == by_id
    status, found = by_token
    assert status == 200
    assert msgspec.convert(found, Attribution).click_id == click.click_id
    assert (found["status"], found["age_s"], found["affiliate_id"]) == ("valid", 2 * 86_400, "aff_lisbon")
    assert found["first_click"] == found["last_click"]
    assert now[1]["status"] == "valid"
    assert 3600 <= now[1]["age_s"] < 7200


@pytest.mark.servers
async def test_what_is_not_attributed_is_a_problem_with_a_stable_reason(
    shop: Console, tables: asyncpg.Connection, keys_file: Path
) -> None:
    click, old = await store_click(tables), await store_click(tables, timedelta(days=9))
    await drop_day(tables, old.clicked_at.date())
    keys = TokenKeys(read_ring(keys_file))
    tokens = [make_token(keys, click.click_id, "hats"), make_token(keys, ulid_at(NOW, 7), "shoes"), "nonsense"]

    answers = [await ask(shop, token=token) for token in tokens]
    answers += [await ask(shop, click_id=text) for text in (old.click_id, click.click_id.lower(), "a\0b")]

    assert [(status, problem["reason"]) for status, problem in answers] == [
        (400, "forged"),
        (404, "unknown_click"),
        (400, "malformed"),
        (410, "removed"),
        (400, "malformed"),
        (400, "malformed"),
    ]
    assert [problem["detail"] == EXPLANATIONS[problem["reason"]] for _, problem in answers] == [True] * 6
    assert [problem["status"] for _, problem in answers] == [status for status, _ in answers]


@pytest.mark.servers
async def test_tokens_of_a_key_that_was_added_meanwhile_are_verified(
    shop: Console, tables: asyncpg.Connection, keys_file: Path
) -> None:
    click = await store_click(tables)
    edit_ring(keys_file, lambda ring: rotate(ring, "token", NOW, randomness(1)))
    token = make_token(TokenKeys(read_ring(keys_file)), click.click_id, "shoes")

    status, _ = await ask(shop, token=token)

    assert status == 200


async def test_without_a_key_ring_no_token_is_believed(offline_console: Console) -> None:
    await offline_console.log_in()

    status, problem = await ask(offline_console, token=f"{ID}.k70123456789ABCDEF")

    assert (status, problem["reason"]) == (501, "no_key_ring")
    assert "CLICKRAIL_KEYS_FILE" in problem["detail"]


async def test_without_a_login_nothing_is_told(offline_console: Console) -> None:
    async with offline_console.client.get(URL, params={"click_id": ID}, allow_redirects=False) as response:
        assert response.status == 401


@pytest.mark.parametrize(
    ("query", "advice"),
    [
        ({}, "Give either token or click_id."),
        ({"token": "a", "click_id": ID}, "Give either token or click_id."),
        ({"click": ID}, "There is no parameter click: there are token, click_id and at."),
        ({"click_id": ID, "at": "yesterday"}, "at must be a time with its zone"),
        ({"click_id": ID, "at": "2026-11-24T09:30:00"}, "at must be a time with its zone"),
    ],
)
def test_a_bad_question_is_told_what_is_wrong(query: dict[str, str], advice: str) -> None:
    answer = read_question(MultiDict(query), NOW)

    assert isinstance(answer, str)
    assert answer.startswith(advice)


def test_a_question_is_about_now_unless_it_has_a_time() -> None:
    at = "2026-11-24T09:30:00+01:00"

    assert read_question(MultiDict(click_id=ID), NOW) == Question(None, ID, NOW)
    assert read_question(MultiDict(token="t", at=at), NOW) == Question("t", None, datetime.fromisoformat(at))


def test_the_page_has_every_field_parameter_and_reason() -> None:
    named = set(re.findall(r"^\| `([a-z_.]+)` \|", PAGE, re.MULTILINE))
    fields = set(Attribution.__struct_fields__) - {"quality", "first_click", "last_click"}
    nested = {f"quality.{name}" for name in Quality.__struct_fields__}
    nested |= {f"first_click.{name}" for name in Touchpoint.__struct_fields__} | {"last_click"}

    # No cookie comes by HTTP.
    reasons = set(EXPLANATIONS) | {"bad_question", "no_key_ring"}
    assert named == fields | nested | NAMES | reasons
