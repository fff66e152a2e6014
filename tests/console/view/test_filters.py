"""Filters in an address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.view.filters import FIELDS, OPERATORS, Filter, read_filter, write_filter
from storage.rollups.dimensions import OTHER

values = st.text(st.characters(codec="utf-8", exclude_characters=f"\0{OTHER}"), max_size=30)
filters = st.builds(
    Filter,
    st.sampled_from(FIELDS),
    st.sampled_from(OPERATORS),
    st.lists(values.filter(bool), min_size=1, max_size=4, unique=True).map(tuple),
)


@given(filters)
def test_what_was_written_is_read_again(one: Filter) -> None:
    assert read_filter(*write_filter(one)) == one


@given(st.sampled_from(FIELDS), st.text())
def test_any_text_is_a_filter_or_a_sentence(field: str, text: str) -> None:
    assert isinstance(read_filter(f"f.{field}", text), Filter | str)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("f.country", "is:DE,AT", Filter("country", "is", ("DE", "AT"))),
        ("f.code", "not:demo", Filter("code", "not", ("demo",))),
        ("f.referrer_host", "has:shop,blog", Filter("referrer_host", "has", ("shop", "blog"))),
        ("f.country", "is:", Filter("country", "is", ("",))),
        ("f.country", "is:,DE", Filter("country", "is", ("", "DE"))),
        ("f.utm_campaign", r"is:a\,b,c\\", Filter("utm_campaign", "is", ("a,b", "c\\"))),
        ("f.utm_campaign", "is:a\\", Filter("utm_campaign", "is", ("a\\",))),
        ("f.city", "is:Lisbon", "nothing can be filtered by city"),
        ("f.country", "DE", "a filter begins with one of is:, not:, has:"),
        ("f.country", "like:DE", "a filter begins with one of is:, not:, has:"),
        ("f.country", "has:", "nothing to look for"),
        ("f.country", "is:D\0E", "contains a character that no value has"),
        ("f.country", "is:" + "x" * 257, "longer than 256 characters"),
        ("f.country", "is:" + ",".join(map(str, range(201))), "more than 200 values"),
    ],
)
def test_values_stand_between_commas(name: str, text: str, expected: Filter | str) -> None:
    assert read_filter(name, text) == expected
