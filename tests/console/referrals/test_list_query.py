"""What a list is asked for."""

import pytest

from console.referrals.list_query import ListQuery, read_list_query
from referrals.admin.search import Wanted


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ListQuery()),
        ({"q": " spring ", "page": "3"}, ListQuery(q="spring", page=3)),
        ({"page": "-1"}, ListQuery()),
        ({"page": "99999999999999"}, ListQuery()),
        ({"page": "٣"}, ListQuery()),
        ({"q": "a\0b", "state": "\udcff"}, ListQuery()),
        ({"state": "gone", "sort": "-colour"}, ListQuery(state="gone", sort="-colour")),
    ],
)
def test_nonsense_is_left_out(query: dict[str, str], expected: ListQuery) -> None:
    assert read_list_query(query) == expected


def test_what_is_unknown_sorts_and_selects_as_usual() -> None:
    assert ListQuery(state="gone", sort="-colour", page=2).wanted("code") == Wanted(is_descending=True, offset=50)
    assert ListQuery(state="paused", sort="affiliate").wanted("code") == Wanted(status="paused", sort="affiliate")
    assert ListQuery(sort="affiliate").wanted("program").sort == "id"


def test_an_address_has_only_what_is_unusual() -> None:
    query = ListQuery(q="a b", sort="id", page=2)

    assert query.write() == "q=a+b&sort=id&page=2"
    assert query.write(page=1) == "q=a+b&sort=id"
    assert (query.sort_by("id"), query.sort_by("name")) == ("q=a+b&sort=-id", "q=a+b&sort=name")
