"""Changes of programs, affiliates and codes, as the audit log has them and as a view's filters let them through."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from console.annotations.changes import read_changes
from console.annotations.table import NewAnnotation, add_annotation, list_annotations
from console.audit.log import CLI, AuditEntry, write_audit
from console.view.filters import Filter, Operator
from console.view.view import View
from storage.read.asking.question import Span

pytestmark = pytest.mark.servers

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SPAN = Span(NOON - timedelta(hours=1), NOON + timedelta(hours=1))
PAUSED, RESUMED = {"status": "paused"}, {"status": "active"}


def only(field: str, *values: str, operator: Operator = "is") -> View:
    return View(filters=(Filter(field, operator, values),))


async def note(tables: asyncpg.Connection, what: str, after: dict[str, Any], minute: int = 0) -> None:
    kind = what.partition(" ")[0]
    at = NOON + timedelta(minutes=minute)
    await write_audit(tables, AuditEntry(at, CLI, f"{kind}.change", what, {}, after))


async def read(tables: asyncpg.Connection, view: View = View(), *, is_shared: bool = False) -> list[str]:  # noqa: B008 - frozen
    found = await read_changes(tables, view, SPAN, is_shared=is_shared)
    return sorted(one.public if is_shared else one.text for one in found)


@pytest.fixture
async def world(tables: asyncpg.Connection) -> asyncpg.Connection:
    """Two programs, two affiliates, three codes."""
    for name in ("Shoes", "Hats"):
        await tables.execute(
            "INSERT INTO programs (id, name, target_url, version) VALUES ($1, $2, 'https://shop.example/', 1)",
            *(name.lower(), name),
        )
    for name in ("Ann", "Bob"):
        await tables.execute("INSERT INTO affiliates (id, name, version) VALUES ($1, $2, 1)", name.lower(), name)
    for code, affiliate, program in (("a1", "ann", "shoes"), ("a2", "ann", "hats"), ("b1", "bob", "shoes")):
        await tables.execute(
            "INSERT INTO referral_codes (code, affiliate_id, program_id, version) VALUES ($1, $2, $3, 1)",
            *(code, affiliate, program),
        )
    return tables


async def test_pauses_resumes_and_new_targets_are_found_and_other_changes_are_not(world: asyncpg.Connection) -> None:
    await note(world, "code a1", PAUSED)
    await note(world, "code a1", RESUMED, 5)
    await note(world, "program shoes", {"target_url": "https://other.example/?secret=1", "name": "Shoes"}, 6)
    await note(world, "affiliate bob", {"status": "archived", "name": "Bob"}, 7)
    await note(world, "program shoes", {"cookie_window_days": 7}, 8)
    await note(world, "code a1", PAUSED, 90)

    assert await read(world) == [
        "Affiliate Bob was archived",
        "Code a1 was paused",
        "Code a1 was resumed",
        "Program Shoes was given another target",
    ]


async def test_many_that_were_changed_at_once_are_told_together(world: asyncpg.Connection) -> None:
    for number in range(5):
        await note(world, f"code c{number}", PAUSED)
    await note(world, "code a1", RESUMED)

    assert await read(world) == ["5 codes were paused: c0, c1, c2 ...", "Code a1 was resumed"]


async def test_a_filter_lets_through_what_it_is_about(world: asyncpg.Connection) -> None:
    for what in ("code a1", "code a2", "code b1", "affiliate bob", "program hats"):
        await note(world, what, PAUSED)
    of_hats = ["Affiliate Bob was paused", "Code a2 was paused", "Program Hats was paused"]

    assert await read(world, only("program", "hats")) == of_hats
    assert await read(world, only("program", "shoes", operator="not")) == of_hats
    assert await read(world, only("program", "AT", operator="has")) == of_hats
    assert await read(world, only("affiliate", "ann")) == [
        "2 codes were paused: a1, a2",
        "Program Hats was paused",
    ]
    assert "Code b1 was paused" in await read(world, only("code", "b1"))


async def test_an_import_says_what_it_did_unless_a_filter_asks_for_some_alone(world: asyncpg.Connection) -> None:
    counts = {"codes": 12, "affiliates": 0, "updated": 3, "unchanged": 9, "renamed": 0}
    await write_audit(world, AuditEntry(NOON, CLI, "code.import", "codes of a file", None, counts))

    assert await read(world) == ["A file of codes was imported: 12 codes added, 3 changed"]
    assert await read(world, only("program", "shoes")) == []


async def test_a_shared_page_tells_only_of_what_its_filter_names_and_names_nobody(world: asyncpg.Connection) -> None:
    for what in ("code a1", "code a2", "code b1", "affiliate bob", "program hats", "program shoes"):
        await note(world, what, PAUSED)

    assert await read(world, is_shared=True) == []
    assert await read(world, only("country", "DE"), is_shared=True) == []
    assert await read(world, only("program", "shoes", operator="not"), is_shared=True) == []
    assert await read(world, only("program", "shoes"), is_shared=True) == [
        "2 codes were paused",
        "The program was paused",
    ]
    assert await read(world, only("affiliate", "ann"), is_shared=True) == ["2 codes were paused"]
    assert await read(world, only("code", "b1"), is_shared=True) == ["A code was paused"]


async def test_annotations_of_other_programs_take_no_place_among_the_newest(world: asyncpg.Connection) -> None:
    for number in range(201):
        new = NewAnnotation(when=NOON + timedelta(seconds=number), text="hats", program_id="hats")
        await add_annotation(world, new, CLI, NOON)
    for program_id in ("shoes", None):
        new = NewAnnotation(when=NOON - timedelta(minutes=1), text=program_id or "all", program_id=program_id)
        await add_annotation(world, new, CLI, NOON)
    found = [
        await list_annotations(world, SPAN, view)
        for view in (only("program", "shoes"), only("program", "S", operator="has"))
    ]
    others = await list_annotations(world, SPAN, only("program", "hats", operator="not"))

    assert [[one.text for one in listed] for listed in (found[0], others)] == [["all", "shoes"]] * 2
    assert len(found[1]) == 200
