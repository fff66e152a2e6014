"""One click or rejection by its id."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from schemas import EnrichedClick, RejectedClick
from tests.console.builders import enriched_click, rejected_click, store, ulid_at
from tests.console.running import Console

pytestmark = pytest.mark.servers


async def ask(console: Console, path: str) -> tuple[int, Any]:
    async with console.client.get(f"/api/v1/{path}") as response:
        return response.status, await response.json(content_type=None)


async def test_a_click_is_found_as_it_was_published(tables_console: Console, tables: asyncpg.Connection) -> None:
    click = enriched_click()
    await store(tables, [click])
    status, found = await ask(tables_console, f"clicks/{click.click_id.lower()}")

    assert status == 200
    assert msgspec.convert(found["click"], EnrichedClick, strict=False) == click
    assert found["unique"]["status"] == click.unique.status


async def test_a_rejection_is_found(tables_console: Console, tables: asyncpg.Connection) -> None:
    rejection = rejected_click()
    await store(tables, [rejection])
    status, found = await ask(tables_console, f"rejections/{rejection.rejection_id}")

    assert status == 200
    assert msgspec.convert(found["rejection"], RejectedClick, strict=False).rejection_id == rejection.rejection_id


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        (f"clicks/{ulid_at(datetime(2026, 11, 1, tzinfo=UTC))}", 404, "unknown_click"),
        (f"rejections/{ulid_at(datetime(2026, 11, 1, tzinfo=UTC))}", 404, "unknown_rejection"),
        ("clicks/7ZZZZZZZZZZZZZZZZZZZZZZZZZ", 400, "malformed"),
        ("clicks/demo", 400, "malformed"),
        ("rejections/demo", 400, "malformed"),
    ],
)
async def test_what_is_not_there_is_a_problem(tables_console: Console, path: str, status: int, reason: str) -> None:
    answered, problem = await ask(tables_console, path)

    assert (answered, problem["reason"]) == (status, reason)


async def test_clicks_are_listed_a_page_at_a_time_in_the_grammar_of_the_pages(
    tables_console: Console, tables: asyncpg.Connection
) -> None:
    now = datetime.now(UTC)
    clicks = [enriched_click(now - timedelta(minutes=number), number, code=f"c{number % 2}") for number in range(6)]
    await store(tables, [*clicks, rejected_click(now, 9)])
    first = (await ask(tables_console, "clicks?f.code=is:c0&limit=2"))[1]
    second = (await ask(tables_console, f"clicks?f.code=is:c0&limit=2&before={first['next']}"))[1]
    nothing = (await ask(tables_console, "clicks?f.code=is:c9"))[1]

    ids = [one["click"]["click_id"] for one in first["clicks"] + second["clicks"]]
    assert ids == [one.click_id for one in clicks[::2]]
    assert (second["next"], nothing["clicks"], nothing["next"]) == (None, [], None)


async def test_rejections_are_listed_by_reason(tables_console: Console, tables: asyncpg.Connection) -> None:
    await store(tables, [rejected_click(number=1, reason="R101"), rejected_click(number=2, reason="R201")])
    found = (await ask(tables_console, "rejections?reason=R201"))[1]

    assert [one["rejection"]["reason"] for one in found["rejections"]] == ["R201"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "colour=red", "f.colour=is:red", "before=demo", "visitors=me"]
)
async def test_a_bad_list_is_a_problem(tables_console: Console, query: str) -> None:
    status, problem = await ask(tables_console, f"clicks?{query}")

    assert (status, problem["reason"]) == (400, "bad_question")
