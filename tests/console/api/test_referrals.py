"""Lists of programs, affiliates and codes as JSON."""

from typing import Any

import asyncpg
import pytest

from tests.console.running import Console

pytestmark = pytest.mark.servers

FILL = """
    INSERT INTO programs (id, name, status, target_url) VALUES ('bikes', 'Bikes', 'active', 'https://shop.example/');
    INSERT INTO affiliates (id, name, status) VALUES ('ann', 'Ann', 'active'), ('bob', 'Bob', 'paused');
    INSERT INTO referral_codes (code, affiliate_id, program_id, status) VALUES
        ('one', 'ann', 'bikes', 'active'), ('two', 'ann', 'bikes', 'paused'), ('three', 'bob', 'bikes', 'active'),
        ('old', 'ann', 'bikes', 'archived');
"""


@pytest.fixture
async def filled(tables_console: Console, tables: asyncpg.Connection) -> Console:
    await tables.execute(FILL)
    return tables_console


async def ask(console: Console, path: str) -> tuple[int, Any]:
    async with console.client.get(f"/api/v1/{path}") as response:
        return response.status, await response.json(content_type=None)


@pytest.mark.parametrize(
    ("query", "codes", "after"),
    [
        ("", ["one", "three", "two"], None),
        ("?limit=2", ["one", "three"], "three"),
        ("?limit=2&after=three", ["two"], None),
        ("?status=paused", ["two"], None),
        ("?affiliate_id=bob", ["three"], None),
        ("?archived=true", ["old", "one", "three", "two"], None),
    ],
)
async def test_codes_are_listed(filled: Console, query: str, codes: list[str], after: str | None) -> None:
    status, page = await ask(filled, f"codes{query}")

    assert (status, [one["code"] for one in page["values"]], page["next"]) == (200, codes, after)


@pytest.mark.parametrize(("path", "name"), [("programs/bikes", "Bikes"), ("affiliates/bob", "Bob")])
async def test_one_is_found_by_its_id(filled: Console, path: str, name: str) -> None:
    status, found = await ask(filled, path)

    assert (status, found["name"]) == (200, name)


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("codes/four", 404, "unknown_code"),
        ("codes?limit=x", 400, "bad_question"),
        ("codes?limit=000000001999999", 400, "bad_question"),
        ("codes?status=gone", 400, "bad_question"),
        ("codes?colour=red", 400, "bad_question"),
        ("codes/a%00b", 404, "unknown_code"),
        ("codes?after=a%00b", 400, "bad_value"),
    ],
)
async def test_what_cannot_be_answered_is_a_problem(filled: Console, path: str, status: int, reason: str) -> None:
    answered, problem = await ask(filled, path)

    assert (answered, problem["reason"]) == (status, reason)


async def send(console: Console, method: str, path: str, body: object) -> tuple[int, Any]:
    headers = {"X-CSRF-Token": await console.read_csrf()}
    async with console.client.request(method, f"/api/v1/{path}", json=body, headers=headers) as response:
        return response.status, await response.json(content_type=None)


async def test_a_code_is_added_and_changed_and_both_are_logged(filled: Console, tables: asyncpg.Connection) -> None:
    status, added = await send(filled, "POST", "codes", {"affiliate_id": "ann", "program_id": "bikes"})
    path = f"codes/{added['code']}"
    changed = await send(filled, "PATCH", path, {"version": added["version"], "status": "paused"})
    second = await send(filled, "PATCH", path, {"version": added["version"], "status": "archived"})

    assert (status, len(added["code"]), added["status"]) == (201, 10, "active")
    assert (changed[0], changed[1]["status"]) == (200, "paused")
    assert (second[0], second[1]["reason"], second[1]["current"]["status"]) == (409, "conflict", "paused")
    actions = await tables.fetch("SELECT action FROM audit_log WHERE subject = $1 ORDER BY id", f"code {added['code']}")
    assert [row["action"] for row in actions] == ["code.add", "code.change"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "reason"),
    [
        ("POST", "codes", {"affiliate_id": "ann"}, 400, "bad_body"),
        ("POST", "codes", {"affiliate_id": "ann", "program_id": "bikes", "colour": "red"}, 400, "bad_body"),
        ("POST", "codes", {"affiliate_id": "nobody", "program_id": "bikes"}, 422, "refused"),
        ("POST", "programs", {"name": "Hats", "target_url": "javascript:alert(1)"}, 422, "refused"),
        ("PATCH", "codes/nobody", {"status": "paused"}, 404, "unknown_code"),
        ("PATCH", "codes/one", {"status": "gone"}, 400, "bad_body"),
        ("PATCH", "codes/one", ["status"], 400, "bad_body"),
    ],
)
async def test_what_cannot_be_done_is_a_problem(
    filled: Console, method: str, path: str, body: object, status: int, reason: str
) -> None:
    answered, problem = await send(filled, method, path, body)

    assert (answered, problem["reason"]) == (status, reason)
