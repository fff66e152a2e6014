"""Comments on tables, views and their columns in PostgreSQL, brought up to date where they differ."""

from collections.abc import Mapping
from typing import Final

import asyncpg
import msgspec

from runtime.postgres import transaction

LOCK_TIMEOUT_MS: Final = 5_000
"""A comment waits for VACUUM and CREATE INDEX on the same table; readers and writers are not affected."""

READ: Final = """
    SELECT relation.relname, relation.relkind::text, attribute.attname,
        CASE WHEN attribute.attname IS NULL THEN obj_description(relation.oid, 'pg_class')
            ELSE col_description(relation.oid, attribute.attnum) END AS comment
    FROM pg_class relation
    CROSS JOIN LATERAL (
        SELECT NULL::name AS attname, 0 AS attnum
        UNION ALL
        SELECT attname, attnum FROM pg_attribute WHERE attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
    ) AS attribute
    WHERE relation.relnamespace = current_schema()::regnamespace AND relation.relname = ANY ($1)
        AND relation.relkind IN ('r', 'p', 'v')
    ORDER BY relation.relname, attribute.attnum
"""


class TableComments(msgspec.Struct, frozen=True):
    """What a table or view holds, and what its columns mean."""

    text: str
    columns: Mapping[str, str]


async def apply_comments(connection: asyncpg.Connection, wanted: Mapping[str, TableComments]) -> list[str]:
    """Write the comments that differ, table by table; return the names of tables that were locked for too long.

    Tables and columns that are not there are passed over. Raises asyncpg's other errors.
    """
    differing: dict[str, list[str]] = {}
    for name, kind, column, comment in await connection.fetch(READ, list(wanted)):
        text = wanted[name].text if column is None else wanted[name].columns.get(column)
        if text is not None and text != comment:
            differing.setdefault(name, []).append(write_comment(name, kind, column, text))
    return [name for name, statements in differing.items() if not await apply(connection, statements)]


def write_comment(name: str, kind: str, column: str | None, text: str) -> str:
    what = f"{'VIEW' if kind == 'v' else 'TABLE'} {quote_name(name)}"
    if column is not None:
        what = f"COLUMN {quote_name(name)}.{quote_name(column)}"
    return f"COMMENT ON {what} IS {quote_text(text)};"


async def apply(connection: asyncpg.Connection, statements: list[str]) -> bool:
    try:
        async with transaction(connection):
            await connection.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}; {' '.join(statements)}")
    except asyncpg.LockNotAvailableError:
        return False
    return True


def quote_name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """Quote a text for a statement that takes no parameters."""
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
