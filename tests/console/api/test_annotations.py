"""Annotations as JSON: listed with what is there by itself, added, removed."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from console.audit.log import CLI, AuditEntry, write_audit
from tests.console.api.test_referrals import FILL, ask, send
from tests.console.running import Console

pytestmark = pytest.mark.servers

DAY = (datetime.now(UTC) - timedelta(days=2)).replace(hour=12, minute=0, second=0, microsecond=0)


@pytest.fixture
async def filled(tables_console: Console, tables: asyncpg.Connection) -> Console:
    await tables.execute(FILL)
    return tables_console


async def remove(console: Console, number: object) -> tuple[int, str]:
    headers = {"X-CSRF-Token": await console.read_csrf()}
    async with console.client.delete(f"/api/v1/annotations/{number}", headers=headers) as response:
        return response.status, await response.text()


async def test_an_annotation_is_added_listed_and_removed_and_both_are_logged(
    filled: Console, tables: asyncpg.Connection
) -> None:
    body = {"text": "The sale began", "day": DAY.date().isoformat(), "program_id": "bikes"}
    status, added = await send(filled, "POST", "annotations", body)
    _, listed = await ask(filled, "annotations?range=7d&f.program=is:bikes")
    _, others = await ask(filled, "annotations?range=7d&f.program=not:bikes")
    removed = await remove(filled, added["annotation_id"])
    again = await remove(filled, added["annotation_id"])
    noted = await tables.fetch("SELECT action FROM audit_log WHERE action LIKE 'annotation%' ORDER BY id")

    assert (status, added["program"], added["written_by"], added["kind"]) == (201, "Bikes", "Owner", "own")
    assert (listed["annotations"], others["annotations"]) == ([added], [])
    assert (removed, again[0]) == ((204, ""), 404)
    assert [row[0] for row in noted] == ["annotation.add", "annotation.remove"]


async def test_what_nobody_wrote_is_among_them_in_the_order_of_time(
    filled: Console, tables: asyncpg.Connection
) -> None:
    await write_audit(tables, AuditEntry(DAY, CLI, "code.change", "code one", {}, {"status": "paused"}))
    for hours, text in ((1, "after"), (-1, "before")):
        at = (DAY + timedelta(hours=hours)).isoformat()
        await send(filled, "POST", "annotations", {"text": text, "at": at})
    _, listed = await ask(filled, "annotations?range=7d&f.affiliate=is:ann")
    found = [(one["text"], one["kind"], one["annotation_id"] is None) for one in listed["annotations"]]

    assert found == [("before", "own", False), ("Code one was paused", "change", True), ("after", "own", False)]


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({"day": "2026-11-01"}, 400, "bad_body"),
        ({"text": "", "day": "2026-11-01"}, 400, "bad_body"),
        ({"text": "x" * 501, "day": "2026-11-01"}, 400, "bad_body"),
        ({"text": "a sale", "at": "2026-11-01T12:00:00"}, 400, "bad_body"),
        ({"text": "a sale", "colour": "red"}, 400, "bad_body"),
        ({"text": "a sale"}, 422, "refused"),
        ({"text": "  ", "day": "2026-11-01"}, 422, "refused"),
        ({"text": "a\0b", "day": "2026-11-01"}, 422, "refused"),
        ({"text": "a sale", "day": "0001-01-01"}, 422, "refused"),
        ({"text": "a sale", "day": "2026-11-01", "at": "2026-11-01T12:00:00Z"}, 422, "refused"),
        ({"text": "a sale", "day": "2026-11-01", "program_id": "hats"}, 422, "unknown_program"),
        ({"text": "a sale", "day": "2026-11-01", "program_id": "a\0b"}, 422, "unknown_program"),
    ],
)
async def test_what_cannot_be_written_is_a_problem(filled: Console, body: object, status: int, reason: str) -> None:
    answered, problem = await send(filled, "POST", "annotations", body)

    assert (answered, problem["reason"]) == (status, reason)


async def test_a_viewer_lists_and_neither_writes_nor_removes(filled: Console) -> None:
    _, added = await send(filled, "POST", "annotations", {"text": "a sale", "day": "2026-11-01"})
    await filled.log_in("viewer")
    listed, _ = await ask(filled, "annotations")
    written, problem = await send(filled, "POST", "annotations", {"text": "a sale", "day": "2026-11-01"})

    assert (listed, written, problem["reason"]) == (200, 403, "not_allowed")
    assert (await remove(filled, added["annotation_id"]))[0] == 403


@pytest.mark.parametrize("number", [0, 7, "x", "1" * 30])
async def test_what_is_not_there_cannot_be_removed(filled: Console, number: object) -> None:
    status, text = await remove(filled, number)

    assert (status, '"unknown_annotation"' in text) == (404, True)


async def test_a_list_of_nonsense_is_a_problem(filled: Console) -> None:
    status, problem = await ask(filled, "annotations?range=someday")

    assert (status, problem["reason"]) == (400, "bad_question")
