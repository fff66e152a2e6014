"""Windows of a search: they leave nothing out, overlap nowhere, and end in time."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.clicks.search_windows import (
    LEAST_S,
    SEARCH_S,
    Search,
    Window,
    advance,
    first_ulid,
    plan_window,
    shrink,
)
from identity.ulid_time import ulid_time
from tests.console.builders import NOW, ulid_at

MONTH = timedelta(days=30)
MONTH_SEARCH = Search(reached=NOW, oldest=NOW - MONTH, before=None)


def list_windows(search: Search, took_s: float) -> list[Window]:
    """Give the windows of a search in which each takes as long."""
    windows = []
    while not search.is_over:
        windows.append(plan_window(search))
        search = advance(search, windows[-1], took_s)
    return windows


def is_in(ulid: str, window: Window) -> bool:
    """Whether the SQL of a window would find the click of that ULID."""
    return (window.before is None or ulid < window.before) and (window.since is None or ulid_time(ulid) >= window.since)


def test_a_month_takes_a_handful_of_windows_where_an_index_helps() -> None:
    windows = list_windows(MONTH_SEARCH, 0.001)

    assert [window.since and NOW - window.since for window in windows] == [
        timedelta(minutes=1),
        timedelta(hours=1, minutes=1),
        timedelta(hours=61, minutes=1),
        None,
    ]


def test_a_window_begins_where_the_one_before_ended() -> None:
    windows = list_windows(MONTH_SEARCH, 0.001)

    assert [window.before for window in windows[1:]] == [first_ulid(w.since) for w in windows[:-1] if w.since]


def test_the_last_window_has_no_bound() -> None:
    search = Search(reached=NOW, oldest=NOW, before=None)

    assert plan_window(search).since is None
    assert advance(search, plan_window(search), 0.1).reached is None


def test_a_search_ends_in_time_however_long_its_windows_take() -> None:
    for took_s in (0.01, 0.1, 0.25, 0.5):
        search = MONTH_SEARCH
        while not search.is_over:
            window = plan_window(search)
            assert window.limit_s is not None
            search = advance(search, window, min(took_s, window.limit_s))
        assert search.spent_s <= SEARCH_S + LEAST_S


def test_a_search_in_which_nothing_is_answered_ends_in_time_and_has_not_moved() -> None:
    search, windows = MONTH_SEARCH, 0
    while not search.is_over:
        search, windows = shrink(search, plan_window(search).limit_s or 0), windows + 1

    assert (search.reached, search.has_moved, windows) == (NOW, False, 3)
    assert search.spent_s <= SEARCH_S + LEAST_S


def test_a_window_that_took_long_is_followed_by_a_smaller_one_and_a_quick_one_by_a_larger() -> None:
    search = msgspec.structs.replace(MONTH_SEARCH, span=timedelta(hours=1))
    window = plan_window(search)

    assert advance(search, window, 0.6).span == timedelta(minutes=30)
    assert advance(search, window, 0.001).span == timedelta(hours=60)
    assert shrink(search, 0.5).span == timedelta(minutes=3, seconds=45)


def test_the_first_ulid_of_a_time_is_older_than_every_other_of_it_and_newer_than_those_before() -> None:
    ulid = first_ulid(NOW)

    assert ulid_time(ulid) == NOW
    assert ulid_at(NOW - timedelta(milliseconds=1)) < ulid < ulid_at(NOW)


@given(
    times=st.lists(st.integers(min_value=0, max_value=5000), min_size=1, max_size=40),
    outcomes=st.lists(st.tuples(st.booleans(), st.floats(min_value=0, max_value=0.6)), min_size=1, max_size=20),
    span_ms=st.sampled_from([0.3, 1, 7, 100]),
)
@pytest.mark.parametrize("limit", [3, 100])
def test_each_click_is_in_one_window_whatever_the_windows_become(
    limit: int, times: list[int], outcomes: list[tuple[bool, float]], span_ms: float
) -> None:
    ulids = [ulid_at(NOW + timedelta(milliseconds=time // 5), number) for number, time in enumerate(times)]
    search: Search | None = None
    before: str | None = None
    seen: list[str] = []
    page: list[str] = []
    for turn in range(10_000):
        if search is None:
            rest = [ulid_time(ulid) for ulid in ulids if before is None or ulid < before]
            if not rest:
                break
            search = Search(
                reached=max(rest), oldest=min(rest), before=before, span=timedelta(milliseconds=max(1, span_ms))
            )
        answered, took_s = outcomes[turn % len(outcomes)] if turn < len(outcomes) else (True, 0.2)
        window = plan_window(search)
        if answered:
            page += sorted((ulid for ulid in ulids if is_in(ulid, window)), reverse=True)[:limit]
            search = advance(search, window, took_s)
        else:
            search = shrink(search, took_s)
        if len(page) >= limit:
            seen, before, page, search = seen + page[:limit], page[limit - 1], [], None
        elif search.is_over:
            seen, page = seen + page, []
            if search.reached is None:
                break
            before, search = (first_ulid(search.reached) if search.has_moved else before), None

    assert seen == sorted(ulids, reverse=True)
