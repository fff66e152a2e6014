"""A view as a question for the tables: its range, comparison and filters."""

from collections.abc import Sequence
from typing import Final

from console.view.filters import Filter
from console.view.ranges import Today
from console.view.view import View
from runtime.like import escape_like
from storage.read.asking import question as asking
from storage.read.asking.question import MOST_VALUES, Problem, Question
from storage.read.queries import QUERY_S, Reader
from storage.rollups.dimensions import DIMENSIONS
from storage.rollups.measures import RATES

ENTITIES: Final = {
    "program": "SELECT id FROM programs WHERE id ILIKE ANY ($1) OR name ILIKE ANY ($1) ORDER BY 1 LIMIT $2",
    "affiliate": "SELECT id FROM affiliates WHERE id ILIKE ANY ($1) OR name ILIKE ANY ($1) ORDER BY 1 LIMIT $2",
    "code": "SELECT code FROM referral_codes WHERE code ILIKE ANY ($1) ORDER BY 1 LIMIT $2",
}
VALUES: Final = """
    SELECT DISTINCT value FROM click_rollups
    WHERE kind = 'p' AND entity = '' AND dim = $3 AND dim2 = 0 AND grain = 'd' AND period >= $4 AND period < $5
        AND value ILIKE ANY ($1)
    ORDER BY 1 LIMIT $2
"""


async def make_question(
    reader: Reader, view: View, today: Today, measures: Sequence[str], *, limit: int = 100, offset: int = 0
) -> Question | Problem:
    """Make the question of a view, grouped by `view.by`. Raises asyncpg's errors."""
    asked = view.find_range(today)
    filters = []
    for one in view.filters:
        found = await find_values(reader, one, asking.locate(asked, today.zone))
        if isinstance(found, Problem):
            return found
        filters.append(found)
    column = find_sort(view, measures)
    return Question(
        range=asked,
        measures=tuple(measures),
        by=view.by,
        where=tuple(filters),
        compare=view.compare,
        sort=column,
        is_ascending=column is not None and column == view.sort,
        limit=limit,
        offset=offset,
    )


def find_sort(view: View, measures: Sequence[str]) -> str | None:
    """Return what sorts the groups; null if the question does not have it."""
    column = view.sort.removeprefix("-")
    has_column = column in (*measures, *view.by) or (column in RATES and set(RATES[column]) <= set(measures))
    return column if has_column else None


async def find_values(reader: Reader, one: Filter, span: asking.Span) -> asking.Filter | Problem:
    """Make a filter of the tables. `has` becomes the values that contain one of its texts."""
    if one.operator != "has":
        return asking.Filter(one.field, one.values, is_not=one.operator == "not")
    patterns = [f"%{escape_like(text)}%" for text in one.values]
    if one.field in ENTITIES:
        rows = await reader.fetch(ENTITIES[one.field], patterns, MOST_VALUES + 1, timeout=QUERY_S)
    else:
        number = DIMENSIONS[one.field].number
        rows = await reader.fetch(VALUES, patterns, MOST_VALUES + 1, number, span.begin, span.end, timeout=QUERY_S)
    values = [row[0] for row in rows]
    if len(values) > MOST_VALUES:
        return Problem(
            f"more than {MOST_VALUES} values of {one.field} contain {' or '.join(one.values)}: be more exact"
        )
    # Nothing contains it: a value that no click has stands for none.
    return asking.Filter(one.field, tuple(values) or ("\x02",))
