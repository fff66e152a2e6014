"""One click or rejection by its id."""

from datetime import UTC, datetime
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
