"""What the address of a report asks for; nonsense is ignored and named."""

import pytest
from multidict import MultiDict

from console.reports.request import MOST_OPEN, read_paths, read_request, write_paths


def test_without_groups_a_report_is_by_affiliate_the_most_people_first() -> None:
    asked, ignored = read_request(MultiDict())

    assert (asked.view.by, asked.sort, asked.page, asked.size, asked.layout) == (
        ("affiliate",),
        "-people",
        1,
        50,
        "flat",
    )
    assert ignored == []


def test_a_series_is_in_the_order_of_time_unless_it_is_sorted() -> None:
    assert read_request(MultiDict(by="day,code"))[0].sort == "day"
    assert read_request(MultiDict(by="day", sort="-bots", columns="bots"))[0].sort == "-bots"
    assert read_request(MultiDict(by="code", sort="-bots", columns="people"))[0].sort == "-people"


@pytest.mark.parametrize(
    ("name", "value"),
    [("page", "0"), ("page", "-1"), ("page", "٣"), ("page", "9" * 400), ("rows", "7"), ("layout", "round")],
)
def test_nonsense_is_named_and_left_out_of_further_addresses(name: str, value: str) -> None:
    asked, ignored = read_request(MultiDict({name: value}))

    assert [(one.name, one.value) for one in ignored] == [(name, value)]
    assert (asked.page, asked.size, asked.layout, asked.view.rest) == (1, 50, "flat", ())


def test_open_groups_are_read_as_they_are_written() -> None:
    paths = (("a;b",), ("a;b", "DE"), ("c,d\\",), ("",), ("e", ""))

    assert read_paths(write_paths(paths), 3) == paths
    assert read_paths(write_paths([("a", "b", "c")]), 3) == ()
    assert len(read_paths(";".join(map(str, range(99))), 2)) == MOST_OPEN
    assert read_paths("a\0", 2) == ()
