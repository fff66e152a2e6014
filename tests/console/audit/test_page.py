"""The page of the audit log: filters, pages, and what changed."""

from datetime import timedelta

import asyncpg
import pytest

from console.audit.log import CLI, Actor, AuditEntry, write_audit
from console.audit.reading import PAGE, AuditFilters, Difference, compare, read_actions, read_audit
from tests.console.builders import NOW
from tests.console.running import Console

VERA = Actor("user", "vera", "Vera 100%_")


@pytest.mark.parametrize(
    ("before", "after", "differences"),
    [
        (None, None, ()),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, (Difference("b", "2", "3"),)),
        (None, {"on": True, "to": None}, (Difference("on", None, "yes"), Difference("to", None, "none"))),
        ({"name": "x", "of": ["y"]}, None, (Difference("name", "x", None), Difference("of", '["y"]', None))),
    ],
)
def test_what_differs_is_shown_and_nothing_else(
    before: dict | None, after: dict | None, differences: tuple[Difference, ...]
) -> None:
    assert compare(before, after) == differences


async def write(tables: asyncpg.Connection) -> None:
    for number, (actor, action, subject) in enumerate(
        [(CLI, "user.add", "user vera"), (VERA, "code.change", "code demo"), (VERA, "login", "user vera")]
    ):
        at = NOW + timedelta(hours=number)
        await write_audit(tables, AuditEntry(at, actor, action, subject, {"a": 1}, {"a": 2}))


@pytest.mark.servers
@pytest.mark.parametrize(
    ("filters", "actions"),
    [
        (AuditFilters(), ["login", "code.change", "user.add"]),
        (AuditFilters(actor="vera"), ["login", "code.change"]),
        (AuditFilters(actor="cli"), ["user.add"]),
        (AuditFilters(actor="0%_"), ["login", "code.change"]),
        (AuditFilters(actor="1_0"), []),
        (AuditFilters(action="code"), ["code.change"]),
        (AuditFilters(action="cod"), []),
        (AuditFilters(action="user.add"), ["user.add"]),
        (AuditFilters(subject="DEMO"), ["code.change"]),
        (AuditFilters(begin=NOW + timedelta(hours=1), end=NOW + timedelta(hours=2)), ["code.change"]),
        (AuditFilters(before_id=2), ["user.add"]),
        (AuditFilters(actor="vera", subject="vera", action="login"), ["login"]),
    ],
)
async def test_entries_are_found_by_who_what_of_what_and_when(
    tables: asyncpg.Connection, filters: AuditFilters, actions: list[str]
) -> None:
    await write(tables)

    assert [line.action for line in await read_audit(tables, filters)] == actions
    assert await read_actions(tables) == ["code.change", "login", "user.add"]


@pytest.mark.servers
async def test_the_page_goes_on_from_its_last_entry(console: Console, tables: asyncpg.Connection) -> None:
    for number in range(PAGE + 1):
        await write_audit(tables, AuditEntry(console.environment.now(), CLI, "code.add", f"code c{number:03}"))
    first = await console.read("/audit?subject=code&range=today")
    older = first.partition('href="/audit?range=today&amp;subject=code&amp;before=')[2].partition('"')[0]
    second = await console.read(f"/audit?subject=code&range=today&before={older}")

    assert [f"code c{number:03}" in first for number in (PAGE, 1, 0)] == [True, True, False]
    assert [f"code c{number:03}" in second for number in (PAGE, 1, 0)] == [False, False, True]


@pytest.mark.servers
async def test_logins_logouts_and_wrong_guesses_stand_in_it(console: Console, tables: asyncpg.Connection) -> None:
    csrf = await console.read_csrf()
    async with console.client.post("/login", data={"login": "nobody", "password": "x"}) as response:
        assert response.status == 403
    async with console.client.post("/logout", data={"csrf": csrf}) as response:
        assert response.status == 200
    rows = await tables.fetch("SELECT actor_kind, action, subject FROM audit_log ORDER BY id")

    assert [tuple(row) for row in rows] == [
        ("user", "login", "user owner"),
        ("stranger", "login.fail", "user of no known name"),
        ("user", "logout", "user owner"),
    ]


@pytest.mark.servers
@pytest.mark.parametrize(
    "query", ["before=x", "before=" + "9" * 30, "actor=%00", "action=%F0%9F%92%A3", "range=nonsense"]
)
async def test_nonsense_in_the_address_is_no_failure(console: Console, query: str) -> None:
    async with console.client.get(f"/audit?{query}") as response:
        assert response.status in (200, 400)


@pytest.mark.servers
async def test_a_file_that_is_sent_stands_in_it(console: Console, tables: asyncpg.Connection) -> None:
    async with console.client.get("/reports.csv?range=today&by=code") as response:
        name = response.headers["Content-Disposition"].partition('"')[2].rstrip('"')
    async with console.client.head("/reports.csv?range=today&by=code") as response:
        assert response.status == 200
    rows = await tables.fetch("SELECT subject, after ->> 'query' FROM audit_log WHERE action = 'export'")

    assert [tuple(row) for row in rows] == [(f"file {name}", "range=today&by=code")]
