"""The toolbar: each choice leads to the address that it says."""

from datetime import UTC, date, datetime
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest
from multidict import MultiDict

from console.view.filters import Filter
from console.view.ranges import NAMED, Today
from console.view.toolbar import Toolbar, make_toolbar
from console.view.toolbar_ranges import Choice
from console.view.view import View, read_view
from console.view.words import DASH
from storage.read.asking.question import Range
from storage.rollups.dimensions import UNKNOWN

TODAY = Today(datetime(2026, 11, 29, 15, 20, tzinfo=UTC), ZoneInfo("Europe/Berlin"), date(2026, 3, 5))
COUNTRY = Filter("country", "is", ("DE", UNKNOWN))
CODE = Filter("code", "has", ("spring",))


USUAL = View()


def bar(view: View = USUAL, **options: object) -> Toolbar:
    return make_toolbar("/analytics", view, [], TODAY, **options)


def read(address: str) -> View:
    path, _, query = address.partition("?")
    view, ignored = read_view(MultiDict(parse_qsl(query, keep_blank_values=True)), ("page", "kept"))
    assert (path, ignored) == ("/analytics", [])
    return view


def test_each_range_has_its_key_its_dates_and_an_address_that_keeps_the_filters() -> None:
    choices = bar(View(filters=(COUNTRY,))).ranges

    assert [read(choice.address) for choice in choices] == [View(range=name, filters=(COUNTRY,)) for name in NAMED]
    assert choices[0] == Choice("Today", choices[0].address, "d", "Sun, 29 Nov 2026", is_current=False)
    assert [choice.title for choice in choices if choice.is_current] == ["Last 7 days"]


def test_the_dates_are_written_out_in_the_reporting_zone() -> None:
    shown = bar(View(range="month", compare="year"))

    assert (shown.title, shown.dates, shown.compared_dates, shown.zone) == (
        "This month",
        "November 2026",
        "November 2025",
        "Europe/Berlin",
    )


@pytest.mark.parametrize(
    ("view", "earlier", "later"),
    [
        (View(range="today"), View(range="yesterday"), None),
        (View(range="last_month"), View(range="custom", days=Range(date(2026, 9, 1), date(2026, 10, 1))), "month"),
        (View(range="7d"), View(range="last_week"), None),
        (View(range="all"), None, None),
    ],
)
def test_arrows_lead_to_the_neighbours_that_have_clicks(view: View, earlier: View | None, later: str | None) -> None:
    shown = bar(view)

    assert (read(shown.earlier) if shown.earlier else None) == earlier
    assert (read(shown.later).range if shown.later else None) == later


def test_a_chip_says_its_filter_and_leads_to_the_page_without_it() -> None:
    shown = bar(View(filters=(COUNTRY, CODE)))

    assert [(chip.title, chip.words, chip.values) for chip in shown.chips] == [
        ("Country", "is", ("DE", "(unknown)")),
        ("Code", "contains", ("spring",)),
    ]
    assert [read(chip.without).filters for chip in shown.chips] == [(CODE,), (COUNTRY,)]
    assert read(shown.unfiltered) == View()


def test_a_choice_leads_to_the_first_page_and_keeps_what_else_the_page_has() -> None:
    shown = bar(View(rest=(("page", "3"), ("kept", "1"))))

    assert {read(choice.address).rest for choice in shown.ranges} == {(("kept", "1"),)}


def test_comparisons_say_their_dates() -> None:
    shown = bar(View(compare="previous"))

    assert [(one.title, one.detail, one.is_current) for one in shown.comparisons] == [
        ("No comparison", "", False),
        ("Previous period", f"16 {DASH} 22 Nov 2026", True),
        ("Year before", f"23 {DASH} 29 Nov 2025", False),
    ]
    assert bar(has_comparison=False).comparisons == ()


def test_fields_of_dates_have_the_days_of_the_range_and_those_before_it() -> None:
    shown = bar(View(range="yesterday"))

    assert (shown.days, shown.other_days) == (("2026-11-28", "2026-11-28"), ("2026-11-27", "2026-11-27"))


def test_a_form_sends_the_view_along() -> None:
    shown = bar(View(range="month", filters=(COUNTRY,), measure="bots"))

    assert shown.hidden("range", "from", "to") == [("f.country", "is:DE,"), ("measure", "bots")]
