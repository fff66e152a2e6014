"""Units of time, and the periods of a range with their labels."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from console.analytics.series import choose_unit, list_units, write_ends, write_label, write_short
from console.view.ranges import Today
from console.view.view import View
from storage.read.asking.question import Range, Span, locate

BERLIN = ZoneInfo("Europe/Berlin")
TODAY = Today(datetime(2026, 11, 29, 15, 20, tzinfo=UTC), BERLIN, date(2026, 3, 5))


def span(days: float) -> Span:
    return Span(TODAY.now - timedelta(days=days), TODAY.now)


@pytest.mark.parametrize(
    ("days", "usual", "units"),
    [
        (0.1, "minute", ["minute", "hour"]),
        (1, "hour", ["minute", "hour"]),
        (7, "day", ["hour", "day"]),
        (91, "day", ["hour", "day", "month"]),
        (365, "month", ["day", "month"]),
        (3000, "month", ["month"]),
    ],
)
def test_a_range_has_several_periods_and_not_too_many(days: float, usual: str, units: list[str]) -> None:
    assert (choose_unit(View(), span(days)), list_units(span(days))) == (usual, units)


def test_a_unit_of_the_address_is_taken_where_it_suits() -> None:
    view = View(rest=(("unit", "hour"),))

    assert [choose_unit(view, span(days)) for days in (7, 365)] == ["hour", "month"]


def test_a_period_is_labelled_in_the_reporting_zone() -> None:
    hour = datetime(2026, 11, 28, 23, tzinfo=UTC)

    assert [write_label(hour, "hour", TODAY), write_short(hour, "hour", TODAY)] == ["Sun, 29 Nov 2026, 00:00", "00:00"]
    assert [write_label(date(2026, 11, 1), "month", TODAY), write_short(date(2026, 1, 1), "month", TODAY)] == [
        "November 2026",
        "Jan 2026",
    ]


def test_a_period_has_the_range_that_an_address_asks_for() -> None:
    whole = locate(Range(date(2026, 11, 28), date(2026, 11, 30)), BERLIN)
    hours = [datetime(2026, 11, 29, 10, tzinfo=UTC), datetime(2026, 11, 29, 11, tzinfo=UTC)]

    assert write_ends(date(2026, 11, 28), [], "day", whole, BERLIN) == ("2026-11-28", "2026-11-28")
    assert write_ends(date(2026, 2, 1), [], "month", whole, BERLIN) == ("2026-02-01", "2026-02-28")
    assert write_ends(hours[0], hours[1:], "hour", whole, BERLIN) == ("2026-11-29T10:00:00Z", "2026-11-29T11:00:00Z")
    assert write_ends(hours[1], [], "hour", whole, BERLIN) == ("2026-11-29T11:00:00Z", "2026-11-29T23:00:00Z")


def test_a_period_that_the_range_cuts_has_only_the_days_that_are_counted() -> None:
    whole = locate(Range(date(2026, 10, 19), date(2026, 11, 16)), BERLIN)

    assert write_ends(date(2026, 10, 1), [], "month", whole, BERLIN) == ("2026-10-19", "2026-10-31")
    assert write_ends(date(2026, 11, 1), [], "month", whole, BERLIN) == ("2026-11-01", "2026-11-15")


def test_all_periods_of_a_range_of_times_have_times_so_that_any_two_are_a_range() -> None:
    times = Span(datetime(2026, 11, 26, 16, tzinfo=UTC), datetime(2026, 11, 29, 16, tzinfo=UTC))

    assert [write_ends(date(2026, 11, day), [], "day", times, BERLIN) for day in (26, 27, 29)] == [
        ("2026-11-26T16:00:00Z", "2026-11-26T23:00:00Z"),
        ("2026-11-26T23:00:00Z", "2026-11-27T23:00:00Z"),
        ("2026-11-28T23:00:00Z", "2026-11-29T16:00:00Z"),
    ]
