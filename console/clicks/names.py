"""Ids whose names contain a text: people filter programs and affiliates by what they are called."""

from collections.abc import Sequence
from typing import Final

from console.view.filters import Filter
from runtime.like import escape_like
from storage.read.queries import QUERY_S, Reader

MOST: Final = 1000
NAMED: Final = {
    "program": "SELECT id FROM programs WHERE name ILIKE ANY ($1) ORDER BY 1 LIMIT $2",
    "affiliate": "SELECT id FROM affiliates WHERE name ILIKE ANY ($1) ORDER BY 1 LIMIT $2",
}


async def find_named(reader: Reader, filters: Sequence[Filter]) -> dict[str, list[str]]:
    """Find the ids of programs and affiliates that filters of `has` mean by name, by field. Raises asyncpg's errors."""
    named = {}
    for one in filters:
        if one.operator == "has" and one.field in NAMED:
            patterns = [f"%{escape_like(text)}%" for text in one.values]
            rows = await reader.fetch(NAMED[one.field], patterns, MOST, timeout=QUERY_S)
            named[one.field] = [row[0] for row in rows]
    return named
