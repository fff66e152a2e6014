"""Views in addresses."""

from datetime import UTC, date, datetime
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict

from console.view.filters import FIELDS, Filter
from console.view.ranges import NAMED
from console.view.view import (
    ALL_MEASURES,
    GROUPS,
    IgnoredParameter,
    View,
    read_view,
    set_filter,
    toggle_value,
    write_view,
)
from storage.read.asking.question import Range

days = st.dates(date(1971, 1, 1), date(2100, 1, 1)).flatmap(
    lambda first: st.builds(
        Range, st.just(first), st.integers(1, 3000).map(lambda long: date.fromordinal(first.toordinal() + long))
    )
)
times = st.just(Range(datetime(2026, 11, 1, 9, 30, tzinfo=UTC), datetime(2026, 11, 1, 9, 45, tzinfo=UTC)))
filters = st.lists(
    st.builds(Filter, st.sampled_from(FIELDS), st.sampled_from(("is", "not")), st.just(("a,b", "", "c\\d"))),
    max_size=3,
    unique_by=lambda one: one.field,
).map(tuple)
views = st.builds(
    lambda ranged, **rest: View(**ranged, **rest),
    st.sampled_from(sorted(NAMED)).map(lambda name: {"range": name})
    | (days | times).map(lambda asked: {"range": "custom", "days": asked}),
    compare=st.none() | st.sampled_from(("previous", "year")) | days,
    filters=filters,
    by=st.lists(st.sampled_from(GROUPS), max_size=3, unique=True).map(tuple),
    measure=st.sampled_from(("", *ALL_MEASURES)),
    sort=st.sampled_from(("", *ALL_MEASURES, *(f"-{name}" for name in GROUPS))),
    rest=st.sampled_from(((), (("page", "3"),))),
)
REST = ("page",)


def read(query: str) -> tuple[View, list[IgnoredParameter]]:
    return read_view(MultiDict(parse_qsl(query, keep_blank_values=True)), REST)


@given(views)
def test_what_was_written_is_read_again(view: View) -> None:
    assert read(write_view(view)) == (view, [])


@given(
    st.lists(
        st.tuples(st.sampled_from(("range", "from", "to", "compare", "by", "sort", "measure", "f.code")), st.text())
    )
)
def test_no_address_is_an_error(pairs: list[tuple[str, str]]) -> None:
    view, _ = read_view(MultiDict(pairs), REST)

    assert read(write_view(view))[0] == view


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("range=week", "one of today"),
        ("range=custom&from=2026-11-05", "from and to are days such as"),
        ("range=custom&from=2026-11-05&to=2026-11-04", "the range ends before it begins"),
        ("range=custom&from=2026-11-05&to=2026-11-05T10:00Z", "from and to are two days, or two times"),
        ("range=custom&from=2026-11-05T10:00&to=2026-11-05T11:00", "from and to are days such as"),
        ("range=custom&from=1970-01-01&to=1970-01-02", "from and to are days such as"),
        ("range=custom&from=2000-01-01&to=2026-01-01", "longer than 3700 days"),
        ("compare=best", "previous, year, or two days"),
        ("by=country,country,colour", "colour is nothing to group by"),
        ("by=country,device,os,browser", "at most 3 things"),
        ("measure=clicks", "one of people"),
        ("sort=colour", "no such column"),
        ("colour=red", "no such filter"),
        ("measure=people&measure=bots", "only the first one counts"),
        ("f.colour=is:red", "nothing can be filtered by colour"),
    ],
)
def test_nonsense_is_no_filter_and_is_named(query: str, why: str) -> None:
    _, ignored = read(query)

    assert len(ignored) == 1
    assert ignored[0].why.startswith(why)


def test_the_last_day_is_included() -> None:
    view, ignored = read("range=custom&from=2026-11-01&to=2026-11-30")

    assert (view.days, ignored) == (Range(date(2026, 11, 1), date(2026, 12, 1)), [])


def test_a_value_is_added_and_taken_out_again() -> None:
    one = toggle_value(View(), "country", "DE")
    two = toggle_value(one, "country", "AT")

    assert write_view(two) == "f.country=is:DE,AT"
    assert write_view(toggle_value(two, "country", "DE")) == "f.country=is:AT"
    assert toggle_value(one, "country", "DE") == View()
    assert write_view(toggle_value(one, "country", "AT", "not")) == "f.country=not:AT"


def test_a_filter_is_replaced_in_its_place() -> None:
    view = toggle_value(toggle_value(View(), "country", "DE"), "code", "demo")

    assert [one.field for one in set_filter(view, "country", "has", ("E",)).filters] == ["country", "code"]
    assert set_filter(view, "country", "is", ()).filters == (Filter("code", "is", ("demo",)),)


def test_a_form_may_give_the_days_to_compare_with_in_fields_of_their_own() -> None:
    view, ignored = read("compare=custom&compare_from=2026-10-01&compare_to=2026-10-31")

    assert (view.compare, ignored) == (Range(date(2026, 10, 1), date(2026, 11, 1)), [])
    assert read(write_view(view)) == (view, [])
