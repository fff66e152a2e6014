"""Looks for texts in everything that a schema holds, and counts clicks by every dimension."""

import io
from collections.abc import Iterable
from typing import Any

import asyncpg

from storage.rollups.dimensions import DIMENSIONS
from storage.rollups.measures import count_measures

LIST_TABLES = """
    SELECT relname FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') ORDER BY relname
"""


async def read_everything(connection: asyncpg.Connection) -> dict[str, str]:
    """Give each table of the schema as COPY writes it, and with bytes as texts."""
    found = {}
    for (table,) in await connection.fetch(LIST_TABLES):
        copied = io.BytesIO()
        await connection.copy_from_query(f"SELECT * FROM {table}", output=copied)
        found[table] = copied.getvalue().decode()
    letters = await connection.fetch("SELECT encode(key, 'escape'), encode(value, 'escape') FROM dead_letters")
    return found | {"letters": "\n".join(f"{key}\t{value}" for key, value in letters)}


async def find_texts(connection: asyncpg.Connection, texts: Iterable[str]) -> list[tuple[str, str]]:
    everything = await read_everything(connection)
    return [(table, text) for text in texts for table, content in everything.items() if text in content]


async def count_by_everything(connection: asyncpg.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Count all measures by minute, program, affiliate and code, and by each dimension."""
    by = {"key": "program_id, affiliate_id, code"} | {name: one.sql for name, one in DIMENSIONS.items()}
    return {
        name: [
            tuple(row)
            for row in await connection.fetch(
                f"SELECT date_trunc('minute', clicked_at) AS minute, {sql}, {count_measures()}"
                f" FROM clicks_now GROUP BY minute, {sql} ORDER BY 1, 2, 3"
            )
        ]
        for name, sql in by.items()
    }
