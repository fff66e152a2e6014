"""The audit log: what is written, and that nobody changes it."""

import asyncpg
import pytest

from console.audit.log import CLI, Actor, AuditEntry, write_audit
from tests.console.builders import NOW

pytestmark = pytest.mark.servers

ENTRY = AuditEntry(
    NOW, Actor("user", "owner", "Owner"), "code.change", "code demo", {"status": "active"}, {"status": "paused"}
)
ROW = """
SELECT at, actor_kind, actor_id, actor_name, action, subject, before ->> 'status', after ->> 'status' FROM audit_log
"""


async def test_an_entry_says_who_did_what_when_and_from_what_to_what(tables: asyncpg.Connection) -> None:
    await write_audit(tables, ENTRY)

    assert [tuple(row) for row in await tables.fetch(ROW)] == [
        (NOW, "user", "owner", "Owner", "code.change", "code demo", "active", "paused")
    ]


async def test_an_entry_is_undone_with_its_change(tables: asyncpg.Connection) -> None:
    change = tables.transaction()
    await change.start()
    await write_audit(tables, ENTRY)
    await change.rollback()

    assert await tables.fetchval("SELECT count(*) FROM audit_log") == 0


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_log SET subject = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"]
)
async def test_an_entry_is_never_changed_nor_removed_not_even_by_the_owner_of_the_table(
    tables: asyncpg.Connection, statement: str
) -> None:
    await write_audit(tables, ENTRY)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="audit_log only grows"):
        await tables.execute(statement)

    assert await tables.fetchval("SELECT subject FROM audit_log") == "code demo"


async def test_what_postgresql_cannot_store_is_replaced(tables: asyncpg.Connection) -> None:
    await write_audit(tables, AuditEntry(NOW, CLI, "user.add", "user \0\ud800", None, {"name": "a\0b"}))
    row = await tables.fetchrow("SELECT subject, before, after ->> 'name' FROM audit_log")

    assert tuple(row) == ("user \ufffd?", None, "a\ufffdb")
