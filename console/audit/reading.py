"""Reads the audit log: filtered, the newest entries first, a page at a time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from runtime.like import escape_like
from storage.read.queries import Connection

PAGE: Final = 50
MOST_ACTIONS: Final = 200
COLUMNS: Final = "id, at, actor_kind, actor_id, actor_name, action, subject, before::text, after::text"
# The actions that occur, by jumping from one to the next: few, in a long table. Without an index by action the newest
# entries suffice.
ACTIONS: Final = """
SELECT DISTINCT action FROM (SELECT action FROM audit_log ORDER BY id DESC LIMIT 20000) newest ORDER BY 1 LIMIT $1
"""


class AuditFilters(msgspec.Struct, frozen=True):
    """Which entries: `actor` is part of a name or a kind, `action` whole or its first part, `subject` a part of it."""

    actor: str = ""
    action: str = ""
    subject: str = ""
    begin: datetime | None = None
    end: datetime | None = None
    before_id: int | None = None


class Difference(msgspec.Struct, frozen=True):
    """A field that changed; null: it was, or is, not there."""

    name: str
    before: str | None
    after: str | None


class AuditLine(msgspec.Struct, frozen=True):
    id: int
    at: datetime
    kind: str
    actor: str
    action: str
    subject: str
    differences: tuple[Difference, ...]


async def read_audit(reader: Connection, filters: AuditFilters) -> list[AuditLine]:
    """Read PAGE entries and one more, by which one sees that there are more. Raises asyncpg's errors."""
    conditions, values = write_conditions(filters)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = await reader.fetch(
        f"SELECT {COLUMNS} FROM audit_log {where} ORDER BY id DESC LIMIT {PAGE + 1}",  # noqa: S608 - names of ours
        *values,
    )
    return [make_line(row) for row in rows]


async def read_actions(reader: Connection) -> list[str]:
    return [row[0] for row in await reader.fetch(ACTIONS, MOST_ACTIONS)]


def write_conditions(filters: AuditFilters) -> tuple[list[str], list[Any]]:
    """Write the conditions of the filters, and their values. Pure."""
    given: list[tuple[str, Any]] = [
        ("(actor_name ILIKE {} OR actor_kind = {})", filters.actor),
        ("(action = {} OR starts_with(action, {} || '.'))", filters.action),
        ("subject ILIKE {}", filters.subject),
        ("at >= {}", filters.begin),
        ("at < {}", filters.end),
        ("id < {}", filters.before_id),
    ]
    conditions: list[str] = []
    values: list[Any] = []
    for condition, value in given:
        if value in ("", None):
            continue
        has_parts = "ILIKE" in condition
        values.append(f"%{escape_like(value)}%" if has_parts else value)
        place = f"${len(values)}"
        if condition.count("{}") == 2 and has_parts:  # noqa: PLR2004 - the actor: a part of the name, or the kind
            values.append(value)
            conditions.append(condition.format(place, f"${len(values)}"))
        else:
            conditions.append(condition.replace("{}", place))
    return conditions, values


def make_line(row: Any) -> AuditLine:
    number, at, kind, _, actor, action, subject, before, after = row
    old = None if before is None else msgspec.json.decode(before)
    new = None if after is None else msgspec.json.decode(after)
    return AuditLine(number, at, kind, actor, action, subject, compare(old, new))


def compare(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> tuple[Difference, ...]:
    """List the fields that differ, in the order of their names; of what was added or removed, all. Pure."""
    old, new = before or {}, after or {}
    return tuple(
        Difference(name, show(old, name), show(new, name))
        for name in sorted({*old, *new})
        if name not in old or name not in new or old[name] != new[name]
    )


def show(values: Mapping[str, Any], name: str) -> str | None:
    """Write a value as people read it. Null: there is none."""
    if name not in values:
        return None
    value = values[name]
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case _:
            return msgspec.json.encode(value).decode()
