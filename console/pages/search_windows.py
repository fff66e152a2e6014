"""Searching back through past clicks in windows of time, until a page is full or its time is up. Pure.

One statement over everything ends in its time-out where a filter finds little and no index helps. Here each statement
has a window and a time limit: a window is as long as the last one's speed allows, and begins where the last one ended.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from ulid import ULID

SEARCH_S: Final = 1.5
"""How long a search may take; what it asks of the second of two tables may take LIMIT_S longer."""
WINDOW_S: Final = 0.3
"""How long a window should take."""
LIMIT_S: Final = 0.5
"""How long a statement of a window may take before the server gives it up, and the window with it."""
LEAST_S: Final = 0.05
"""What is left of the time when it is not worth another window."""
FIRST_SPAN: Final = timedelta(minutes=1)
LEAST_SPAN: Final = timedelta(milliseconds=1)
MOST_GROWTH: Final = 8.0
LEAST_GROWTH: Final = 1 / 16

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Window(msgspec.Struct, frozen=True):
    """What to ask for: what is older than the ULID `before`, and of the time `since` or later; null is no bound.

    Each statement that asks for it is given up after `limit_s`.
    """

    before: str | None
    since: datetime | None
    limit_s: float | None


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """How far a search is: once it `has_moved`, everything of the time `reached` or later has been looked at.

    It begins with the newest time there is; null means that nothing is left to look at. Each moment is in one window,
    and so are all clicks of a millisecond: a window begins at a whole one, and the next ends before its first ULID.
    """

    reached: datetime | None
    oldest: datetime
    before: str | None
    span: timedelta = FIRST_SPAN
    spent_s: float = 0.0
    has_moved: bool = False

    @property
    def is_over(self) -> bool:
        return self.reached is None or self.spent_s > SEARCH_S - LEAST_S


def plan_window(search: Search) -> Window:
    """Give the next window. The last one has no bound: a click that comes late and is older than any is in it."""
    since = None
    if search.reached is not None and search.reached - search.oldest > search.span:
        since = whole_milliseconds(search.reached - search.span)
    return Window(search.before, since, min(LIMIT_S, max(LEAST_S, SEARCH_S - search.spent_s)))


def advance(search: Search, window: Window, took_s: float) -> Search:
    """Give the search after a window was answered."""
    return msgspec.structs.replace(
        search,
        reached=window.since,
        before=None if window.since is None else first_ulid(window.since),
        span=plan_span(search, took_s),
        spent_s=search.spent_s + took_s,
        has_moved=True,
    )


def shrink(search: Search, took_s: float) -> Search:
    """Give the search after a window was given up: the next is much smaller."""
    span = max(LEAST_SPAN, search.span * LEAST_GROWTH)
    return msgspec.structs.replace(search, span=span, spent_s=search.spent_s + took_s)


def plan_span(search: Search, took_s: float) -> timedelta:
    """Give the span that takes as long as a window should, or as there is time left, at the speed of the last one."""
    target_s = min(WINDOW_S, max(LEAST_S, SEARCH_S - search.spent_s - took_s))
    growth = min(MOST_GROWTH, target_s / took_s) if took_s > 0 else MOST_GROWTH
    return max(LEAST_SPAN, search.span * max(LEAST_GROWTH, growth))


def first_ulid(time: datetime) -> str:
    """Give the lowest ULID of a time of whole milliseconds: what is older than it is older than the time."""
    milliseconds = (time - EPOCH) // timedelta(milliseconds=1)
    return str(ULID.from_bytes(milliseconds.to_bytes(6, "big") + bytes(10)))


def whole_milliseconds(time: datetime) -> datetime:
    return time.replace(microsecond=time.microsecond // 1000 * 1000)
