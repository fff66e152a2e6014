"""A view as a question for the tables: its range, comparison and filters."""

from collections.abc import Sequence
from typing import Final

from console.view.filters import Filter
from console.view.names import FIND as NAMED
from console.view.names import find_ids, write_patterns
from console.view.ranges import Today
from console.view.view import View
from storage.read.asking import question as asking
from storage.read.asking.question import MOST_VALUES, Problem, Question
from storage.read.queries import QUERY_S, Reader
from storage.rollups.dimensions import DIMENSIONS
from storage.rollups.measures import RATES

CODES: Final = "SELECT code FROM referral_codes WHERE code ILIKE ANY ($1) ORDER BY 1 LIMIT $2"
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
    values = await find_containing(reader, one, span)
    if len(values) > MOST_VALUES:
        return Problem(
            f"more than {MOST_VALUES} values of {one.field} contain {' or '.join(one.values)}: be more exact"
        )
    # Nothing contains it: a value that no click has stands for none.
    return asking.Filter(one.field, tuple(values) or ("\x02",))


async def find_containing(reader: Reader, one: Filter, span: asking.Span) -> list[str]:
    """Find the values that contain one of the texts of a filter, at most one more than MOST_VALUES."""
    most = MOST_VALUES + 1
    if one.field in NAMED:
        return await find_ids(reader, one, most, also_by_id=True)
    patterns = write_patterns(one.values)
    if one.field == "code":
        rows = await reader.fetch(CODES, patterns, most, timeout=QUERY_S)
    else:
        number = DIMENSIONS[one.field].number
        rows = await reader.fetch(VALUES, patterns, most, number, span.begin, span.end, timeout=QUERY_S)
    return [row[0] for row in rows]
