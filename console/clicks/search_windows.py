"""Plans a search back through past clicks in time windows, until a page is full or its time is up. Pure.

If a filter finds little and no index helps, one statement over all rows would time out. So each statement searches one
window with a time limit. A window begins where the previous one ended, and its length follows from that one's speed.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from ulid import ULID

SEARCH_S: Final = 1.5
"""The longest search; reading the second of two tables may take LIMIT_S longer."""
WINDOW_S: Final = 0.3
"""The target duration of a window."""
LIMIT_S: Final = 0.5
"""The time limit of a statement; if the server cancels it, the whole window is retried smaller."""
LEAST_S: Final = 0.05
"""If less time than this is left, do not start another window."""
FIRST_SPAN: Final = timedelta(minutes=1)
LEAST_SPAN: Final = timedelta(milliseconds=1)
MOST_GROWTH: Final = 60.0
"""A statement costs some milliseconds however little it reads: with an index, a month takes four windows."""
LEAST_GROWTH: Final = 1 / 16

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Window(msgspec.Struct, frozen=True):
    """Search events older than the ULID `before`, and not older than `since`; null means no bound.

    Each of its statements is cancelled after `limit_s`.
    """

    before: str | None
    since: datetime | None
    limit_s: float | None


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a search. If `has_moved`, it has covered the time `reached` and everything later.

    It begins at the newest row's time; null means that nothing is left. Windows do not overlap, and all clicks of one
    millisecond are in one window: a window begins at a whole one, and the next ends before its first ULID.
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
    """Plan the next window. The last one has no lower bound, so it includes rows added later that are older still."""
    since = None
    if search.reached is not None and search.reached - search.oldest > search.span:
        since = whole_milliseconds(search.reached - search.span)
    return Window(search.before, since, min(LIMIT_S, max(LEAST_S, SEARCH_S - search.spent_s)))


def advance(search: Search, window: Window, took_s: float) -> Search:
    """Return the search after a completed window."""
    return msgspec.structs.replace(
        search,
        reached=window.since,
        before=None if window.since is None else first_ulid(window.since),
        span=plan_span(search, took_s),
        spent_s=search.spent_s + took_s,
        has_moved=True,
    )


def shrink(search: Search, took_s: float) -> Search:
    """Return the search after a cancelled window: the next one is much smaller."""
    span = max(LEAST_SPAN, search.span * LEAST_GROWTH)
    return msgspec.structs.replace(search, span=span, spent_s=search.spent_s + took_s)


def plan_span(search: Search, took_s: float) -> timedelta:
    """Estimate, from the last window's speed, the span that takes WINDOW_S or the remaining time."""
    target_s = min(WINDOW_S, max(LEAST_S, SEARCH_S - search.spent_s - took_s))
    growth = min(MOST_GROWTH, target_s / took_s) if took_s > 0 else MOST_GROWTH
    return max(LEAST_SPAN, search.span * max(LEAST_GROWTH, growth))


def first_ulid(time: datetime) -> str:
    """Return the lowest ULID of a whole millisecond: smaller ULIDs are older."""
    milliseconds = (time - EPOCH) // timedelta(milliseconds=1)
    return str(ULID.from_bytes(milliseconds.to_bytes(6, "big") + bytes(10)))


def whole_milliseconds(time: datetime) -> datetime:
    return time.replace(microsecond=time.microsecond // 1000 * 1000)
