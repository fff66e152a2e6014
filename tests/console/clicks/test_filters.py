"""Filters: from a page's address to a choice."""

import pytest
from multidict import MultiDict

from console.clicks.filters import (
    CHOICES,
    Filterable,
    Filters,
    IgnoredParameter,
    list_ignored,
    make_click_filters,
    make_rejection_filters,
    matches,
    read_filters,
    write_query,
)
from storage.read.click_filters import BANDS, UNIQUENESS, ClickFilters
from storage.read.queries import RejectionFilters
from storage.read.visitors import VISITORS
from tests.console.builders import NOW, ulid_at

CLICK = Filterable(
    outcome="accepted",
    program="prg_a",
    affiliate="aff_a",
    code="abc",
    country="PT",
    visitors="people",
    unique="repeat",
    quality="suspicious",
)
BOT = Filterable(outcome="accepted", program="prg_a", affiliate="aff_a", code="abc", country="PT", visitors="bots")
AHEAD = Filterable(
    outcome="accepted", program="prg_a", affiliate="aff_a", code="abc", country="PT", visitors="prefetches"
)
TEST = Filterable(outcome="accepted", program="prg_a", affiliate="aff_a", code="abc", country="PT", visitors="tests")
REJECTION = Filterable(outcome="rejected", program="prg_a", affiliate="aff_a", code="abc")


def test_what_makes_no_sense_is_no_filter() -> None:
    nonsense = {"visitors": "maybe", "outcome": "<b>", "before": "yesterday", "unknown": "x"}

    assert read_filters(nonsense) == Filters()


def test_a_country_may_be_typed_in_small_letters_and_a_value_with_spaces_around() -> None:
    assert read_filters({"country": "pt", "code": " abc "}) == Filters(country="PT", code="abc")


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("visitors", "wrong", "one of people, bots, app_fetches, prefetches, tests"),
        ("unique", "yes", "one of unique, repeat, not_judged"),
        ("quality", "60", "one of clean, suspicious, likely_invalid, invalid, not_scored"),
        ("outcome", "Accepted", "one of accepted, rejected"),
        ("country", "Portugal", "a country is two letters, for example DE"),
        ("before", "7" + "Z" * 25, "not the id of a click"),
        ("bots", "1", "no such filter"),
        ("code", "x" * 129, "longer than 128 characters"),
        ("code", "a\0", "contains a character that cannot be stored"),
        ("program", "\udcff", "contains a character that cannot be stored"),
    ],
)
def test_what_is_not_obeyed_is_told_with_the_reason(name: str, value: str, why: str) -> None:
    assert list_ignored(MultiDict({name: value})) == [IgnoredParameter(name, value, why)]
    assert read_filters({name: value}) == Filters()


def test_of_a_filter_given_twice_the_first_counts_and_the_other_is_told() -> None:
    query = MultiDict([("code", "a"), ("code", "b"), ("code", "a"), ("visitors", "")])

    assert read_filters(query) == Filters(code="a")
    assert list_ignored(query) == [IgnoredParameter("code", "b", "only the first one counts")]


def test_of_good_filters_nothing_is_told() -> None:
    given = {
        "visitors": "bots",
        "unique": "repeat",
        "quality": "likely_invalid",
        "country": "pt",
        "code": " a ",
        "before": ulid_at(NOW),
        "program": "",
    }

    assert list_ignored(MultiDict(given)) == []


@pytest.mark.parametrize(
    ("filters", "passing"),
    [
        (Filters(), [CLICK, BOT, TEST, AHEAD, REJECTION]),
        (Filters(program="prg_a"), [CLICK, BOT, TEST, AHEAD, REJECTION]),
        (Filters(program="prg_b"), []),
        (Filters(affiliate="aff_a", code="abc"), [CLICK, BOT, TEST, AHEAD, REJECTION]),
        (Filters(code="ABC"), []),
        (Filters(country="PT"), [CLICK, BOT, TEST, AHEAD]),
        (Filters(visitors="bots"), [BOT]),
        (Filters(visitors="people"), [CLICK]),
        (Filters(visitors="tests"), [TEST]),
        (Filters(unique="repeat"), [CLICK]),
        (Filters(unique="unique"), []),
        (Filters(quality="suspicious"), [CLICK]),
        (Filters(quality="suspicious", unique="repeat", visitors="bots"), []),
        (Filters(visitors="prefetches"), [AHEAD]),
        (Filters(outcome="accepted"), [CLICK, BOT, TEST, AHEAD]),
        (Filters(outcome="rejected"), [REJECTION]),
        (Filters(outcome="rejected", country="PT"), []),
    ],
)
def test_only_what_fits_passes(filters: Filters, passing: list[Filterable]) -> None:
    assert [item for item in (CLICK, BOT, TEST, AHEAD, REJECTION) if matches(item, filters)] == passing


def test_the_tables_are_asked_for_the_same() -> None:
    filters = Filters(
        program="p", affiliate="a", code="c", country="PT", visitors="people", unique="repeat", quality="clean"
    )

    assert make_click_filters(filters) == ClickFilters(
        program_id="p",
        affiliate_id="a",
        code="c",
        country="PT",
        visitors="people",
        uniqueness="repeat",
        band="clean",
    )
    assert make_click_filters(Filters()) == ClickFilters()
    assert make_rejection_filters(filters, "R101") == RejectionFilters(
        program_id="p", affiliate_id="a", asked="c", reason="R101"
    )


def test_every_choice_has_a_condition_for_the_tables() -> None:
    assert CHOICES["visitors"] == tuple(VISITORS)
    assert CHOICES["unique"] == tuple(UNIQUENESS)
    assert CHOICES["quality"] == tuple(BANDS)


def test_a_query_holds_what_is_filtered_and_reads_back_as_the_same() -> None:
    before = ulid_at(NOW)
    filters = Filters(code="a&b=c", visitors="bots")

    assert write_query(filters) == "code=a%26b%3Dc&visitors=bots"
    assert write_query(Filters(before=before)) == ""
    assert write_query(filters, before=before).endswith(f"before={before}")
