"""The address of the log: what it asks for, what of it is ignored, and how old ones are rewritten."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from multidict import MultiDict

from console.clicks.filters import Filters
from console.clicks.log_address import is_over, make_filters, read_log, rewrite_old, write_log
from console.view.ranges import Today
from console.view.view import IgnoredParameter, View
from storage.read.click_filters import FieldFilter
from tests.console.builders import NOW, ulid_at

TODAY = Today(NOW, ZoneInfo("Europe/Berlin"), NOW.date())


def read(**query: str) -> Filters:
    return make_filters(read_log(MultiDict(query))[0], TODAY)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("visitors", "wrong", "one of people, bots, app_fetches, prefetches, tests"),
        ("unique", "yes", "one of unique, repeat, not_judged"),
        ("quality", "60", "one of clean, suspicious, likely_invalid, invalid, not_scored"),
        ("outcome", "Accepted", "one of accepted, rejected"),
        ("before", "7" + "Z" * 25, "not the id of a click"),
        ("reason", "102", "a reason is a number such as R101"),
        ("bots", "1", "no such filter"),
        ("address", "x" * 129, "longer than 128 characters"),
        ("f.code", "is:a\0", "contains a character that no value has"),
        ("f.colour", "is:red", "nothing can be filtered by colour"),
    ],
)
def test_what_is_not_obeyed_is_told_with_the_reason(name: str, value: str, why: str) -> None:
    view, ignored = read_log(MultiDict({name: value}))

    assert ignored == [IgnoredParameter(name, value, why)]
    assert make_filters(view, TODAY) == Filters()


def test_of_a_filter_given_twice_the_first_counts_and_the_other_is_told() -> None:
    query = MultiDict([("visitors", "bots"), ("visitors", "people"), ("visitors", "bots"), ("unique", "")])
    view, ignored = read_log(query)

    assert make_filters(view, TODAY) == Filters(visitors="bots")
    assert ignored == [IgnoredParameter("visitors", "people", "only the first one counts")]


def test_the_grammar_of_analytics_filters_the_log() -> None:
    query = {"f.country": "is:DE,AT", "f.code": "not:abc", "f.referrer_host": "has:shop", "measure": "suspicious"}

    assert read(**query) == Filters(
        measure="suspicious",
        fields=(
            FieldFilter("country", "is", ("DE", "AT")),
            FieldFilter("code", "not", ("abc",)),
            FieldFilter("referrer_host", "has", ("shop",)),
        ),
    )


def test_what_belongs_to_analytics_alone_is_left_aside_without_a_word() -> None:
    assert read_log(MultiDict({"compare": "previous", "by": "code", "sort": "-people"})) == (
        View(range="all", usual="all"),
        [],
    )


def test_without_a_range_the_log_has_no_end_and_with_one_it_ends_with_it() -> None:
    yesterday = read(range="yesterday")

    assert (read().since, read().until) == (None, None)
    # Midnight in Berlin, in winter.
    assert yesterday.since == datetime(2026, 11, 22, 23, tzinfo=UTC)
    assert yesterday.until == datetime(2026, 11, 23, 23, tzinfo=UTC)
    assert [is_over(read(), NOW), is_over(yesterday, NOW), is_over(read(range="today"), NOW)] == [False, True, False]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"code": "a", "country": "de"}, "f.code=is:a&f.country=is:DE"),
        ({"visitors": "bots", "program": " p ", "affiliate": ""}, "visitors=bots&f.program=is:p"),
        ({"code": "a,b"}, "f.code=is:a%5C,b"),
        ({"code": ""}, ""),
        ({"visitors": "bots"}, None),
    ],
)
def test_old_addresses_are_rewritten_to_the_grammar_of_today(old: dict[str, str], new: str | None) -> None:
    assert rewrite_old(MultiDict(old)) == new


def test_a_query_holds_what_is_asked_for_and_reads_back_as_the_same() -> None:
    query = MultiDict({"range": "7d", "f.code": "is:a&b=c", "visitors": "bots", "before": ulid_at(NOW)})
    view, _ = read_log(query)

    assert write_log(view) == "range=7d&f.code=is:a%26b%3Dc&visitors=bots"
    assert read_log(query)[0] == view
