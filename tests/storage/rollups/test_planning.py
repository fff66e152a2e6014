"""How PostgreSQL plans what counts clicks: no click is compared with every value, and verdicts are found by index."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any, Final

import asyncpg
import pytest

from storage.rollups.details import COUNT_ENTITIES, COUNT_PAIRS
from storage.rollups.limits import LIMITS, fill
from storage.rollups.moves import MOVE
from storage.rollups.planning import counting
from storage.rollups.rebuild import COUNT as COUNT_DAY
from storage.rollups.rebuild import COUNT_DETAILS
from storage.rollups.roller import COUNT as COUNT_BATCHES
from storage.rollups.verify import VERIFY_CELLS
from tests.storage.rollups.builders import open_tables

pytestmark = pytest.mark.servers

NOW: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
ENTITIES: Final = (NOW, NOW, ["lisbon"], ["shoes"], [NOW])
STATEMENTS: Final[dict[str, tuple[str, tuple[Any, ...]]]] = {
    "batches": (COUNT_BATCHES, ([1, 2], NOW, NOW)),
    "a day": (COUNT_DAY, (NOW.date(),)),
    "details of a day": (COUNT_DETAILS, (NOW.date(),)),
    "details of affiliates": (COUNT_ENTITIES["a"], ENTITIES),
    "details of codes": (COUNT_ENTITIES["c"], ENTITIES),
    "pairs": (COUNT_PAIRS, (NOW, NOW, ["shoes"], [NOW], [6], ["mobile"])),
    "verdicts": (MOVE, (["01KAMGFW001RE4HXEYKJAMJB5Q"], [NOW], NOW, NOW)),
    "verification": (VERIFY_CELLS, (NOW.date(),)),
}
BY_ALL: Final = {"CTE excess", "CTE marks", "CTE known", "CTE new_values"}
"""A statement finds thousands of these, and joins each click with them."""


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with open_tables(database_url) as connection:
        yield connection


@pytest.mark.parametrize("name", STATEMENTS)
async def test_clicks_are_joined_with_what_was_found_by_hashing_and_not_each_with_each(
    tables: asyncpg.Connection, name: str
) -> None:
    plan = await explain(tables, name)

    compared = [scan for node in nodes(plan) if node["Node Type"] == "Nested Loop" for scan in scans(node["Plans"][1])]
    assert BY_ALL.isdisjoint(compared)


@pytest.mark.parametrize("name", ["batches", "a day", "verdicts"])
async def test_verdicts_by_which_clicks_were_counted_are_looked_up_by_an_index(
    tables: asyncpg.Connection, name: str
) -> None:
    # The tables of the test are empty: a whole one would be read at no cost.
    await tables.execute("SET enable_seqscan = off")
    plan = await explain(tables, name)

    looked_up = {node["Alias"]: node for node in nodes(plan) if node.get("Relation Name") == "rollup_verdicts"}
    assert {node["Node Type"] for node in looked_up.values()} <= {"Index Scan", "Index Only Scan", "ModifyTable"}
    assert {"Index Scan", "Index Only Scan"} & {node["Node Type"] for node in looked_up.values()}


async def explain(tables: asyncpg.Connection, name: str) -> dict[str, Any]:
    statement, arguments = STATEMENTS[name]
    async with tables.transaction(), counting(tables):
        found = await tables.fetchval(f"EXPLAIN (FORMAT JSON) {fill(statement, LIMITS)}", *arguments)
    plan: dict[str, Any] = json.loads(found)[0]["Plan"]
    return plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def scans(plan: dict[str, Any]) -> Iterator[str]:
    """Give the common table expressions that are read again for each row: those below a hash are read once."""
    if plan["Node Type"] == "Hash":
        return
    if "CTE Name" in plan:
        yield f"CTE {plan['CTE Name']}"
    for part in plan.get("Plans", ()):
        yield from scans(part)
