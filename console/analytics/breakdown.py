"""A breakdown: the largest values with their shares, the others together. The shares add up to 100 %. Pure."""

from collections.abc import Sequence
from typing import Final

import msgspec

from console.analytics.changes import Delta, compare
from console.view.filters import Filter
from console.view.measures import MEASURE_WORDS
from console.view.toolbar_ranges import ToolbarWriter
from console.view.view import View, toggle_value
from console.view.words import name_value
from storage.read.asking.answer import Answer
from storage.rollups.dimensions import OTHER

ROWS: Final = 9
TENTHS: Final = 1000
"""Shares are written in tenths of a percent."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A value: `share` is in words, `width` in thousandths of the largest. `address` adds or removes the filter."""

    value: str
    shown: str
    count: int
    share: str
    width: int
    address: str = ""
    is_filtered: bool = False
    is_rest: bool = False
    delta: Delta | None = None


class Breakdown(msgspec.Struct, frozen=True):
    """The rows of a field, and the number of its values."""

    rows: tuple[Row, ...]
    total: int
    number: int


def make_breakdown(view: View, field: str, measure: str, answer: Answer, writer: ToolbarWriter) -> Breakdown:
    """Make the rows of an answer that is grouped by `field` and has one measure."""
    total = answer.totals[0]
    named = [group for group in answer.groups if group.keys[0] != OTHER and group.counts[0]][:ROWS]
    counts = [group.counts[0] for group in named]
    rest = total - sum(counts)
    shares = split_percent([*counts, rest], total)
    largest = max([*counts, rest], default=0)
    before = read_before(answer)
    is_good = MEASURE_WORDS[measure].is_good
    rows = [
        Row(
            value=(value := str(group.keys[0])),
            shown=name_value(field, value),
            count=count,
            share=share,
            width=find_width(count, largest),
            address=writer.address(filters=toggle_value(view, field, value).filters),
            is_filtered=has_value(view.find_filter(field), value),
            delta=None if before is None else compare_row(before, answer, value, count, is_good=is_good),
        )
        for group, count, share in zip(named, counts, shares, strict=False)
    ]
    if rest > 0:
        rows.append(make_rest(rest, shares[-1], largest))
    return Breakdown(tuple(rows), total, answer.number)


def make_rest(count: int, share: str, largest: int) -> Row:
    return Row(value=OTHER, shown="(other)", count=count, share=share, width=find_width(count, largest), is_rest=True)


def has_value(known: Filter | None, value: str) -> bool:
    return known is not None and known.operator == "is" and value in known.values


def find_width(count: int, largest: int) -> int:
    return max(4, round(1000 * count / largest)) if count else 0


def read_before(answer: Answer) -> dict[str, int] | None:
    """Return the counts of the other range, or null if there is no answer, or it has no clicks."""
    if not isinstance(answer.before, Answer) or not any(answer.before.totals):
        return None
    return {str(group.keys[0]): group.counts[0] for group in answer.before.groups}


def compare_row(
    before: dict[str, int], answer: Answer, value: str, count: int, *, is_good: bool | None
) -> Delta | None:
    """Compare a row with the same value in the other range; null if that is not among those that were listed."""
    if value not in before and isinstance(answer.before, Answer) and answer.before.number > len(answer.before.groups):
        return None
    return compare(count, before.get(value, 0), is_good=is_good)


def split_percent(counts: Sequence[int], total: int) -> list[str]:
    """Write shares to a tenth of a percent so that they add up to 100 %: the largest remainders are rounded up."""
    if total <= 0:
        return ["" for _ in counts]
    floors = [count * TENTHS // total for count in counts]
    left = TENTHS - sum(floors) if sum(counts) == total else 0
    by_remainder = sorted(range(len(counts)), key=lambda place: -(counts[place] * TENTHS % total))
    up = set(by_remainder[:left])
    return [f"{(floor + (place in up)) / 10:.1f} %" for place, floor in enumerate(floors)]
