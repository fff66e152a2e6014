"""Ids of programs and affiliates by what they are called: people filter by a part of the name."""

from collections.abc import Mapping, Sequence
from typing import Final

from console.view.filters import Filter
from runtime.like import escape_like
from storage.read.queries import QUERY_S, Reader

MOST: Final = 1000
FIND: Final[Mapping[str, str]] = {
    field: f"SELECT id FROM {table} WHERE name ILIKE ANY ($1) OR ($2 AND id ILIKE ANY ($1)) ORDER BY 1 LIMIT $3"  # noqa: S608 - names of ours
    for field, table in (("program", "programs"), ("affiliate", "affiliates"))
}


def write_patterns(texts: Sequence[str]) -> list[str]:
    """Write patterns of LIKE for what contains one of these texts."""
    return [f"%{escape_like(text)}%" for text in texts]


async def find_ids(reader: Reader, one: Filter, most: int, *, also_by_id: bool) -> list[str]:
    """Find the ids whose name, or also whose id, contains one of the texts of a filter. Raises asyncpg's errors."""
    rows = await reader.fetch(FIND[one.field], write_patterns(one.values), also_by_id, most, timeout=QUERY_S)
    return [row[0] for row in rows]


async def find_named(reader: Reader, filters: Sequence[Filter]) -> dict[str, list[str]]:
    """Find the ids of programs and affiliates that filters of `has` mean by name, by field. Raises asyncpg's errors."""
    return {
        one.field: await find_ids(reader, one, MOST, also_by_id=False)
        for one in filters
        if one.operator == "has" and one.field in FIND
    }
