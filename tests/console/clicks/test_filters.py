"""Which clicks and rejections pass: the same in the live list as in the tables."""

import pytest

from console.clicks.filters import (
    CHOICES,
    COUNTED_LIVE,
    Filterable,
    Filters,
    make_click_filters,
    make_rejection_filters,
    matches,
)
from storage.read.click_filters import BANDS, COUNTED_BY, UNIQUENESS, ClickFilters, FieldFilter
from storage.read.queries import RejectionFilters
from storage.read.visitors import VISITORS
from storage.rollups.measures import DERIVED, MEASURES
from tests.console.clicks.choosing import choose

OURS = {"program": "prg_a", "affiliate": "aff_a", "code": "abc"}
OF_CLICK = OURS | {"country": "PT"}
CLICK = Filterable(outcome="accepted", values=OF_CLICK, visitors="people", unique="repeat", quality="suspicious")
BOT = Filterable(outcome="accepted", values=OF_CLICK, visitors="bots")
AHEAD = Filterable(outcome="accepted", values=OF_CLICK, visitors="prefetches")
TEST = Filterable(outcome="accepted", values=OF_CLICK, visitors="tests")
REJECTION = Filterable(outcome="rejected", values=OURS, reason="R102")


@pytest.mark.parametrize(
    ("filters", "passing"),
    [
        (Filters(), [CLICK, BOT, TEST, AHEAD, REJECTION]),
        (choose(program="prg_a"), [CLICK, BOT, TEST, AHEAD, REJECTION]),
        (choose(program="prg_b"), []),
        (choose(affiliate="aff_a", code="abc"), [CLICK, BOT, TEST, AHEAD, REJECTION]),
        (choose(code="ABC"), []),
        (choose(country="PT"), [CLICK, BOT, TEST, AHEAD]),
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
        (choose(outcome="rejected", country="PT"), []),
        (Filters(reason="R102"), [REJECTION]),
        (Filters(reason="R101"), []),
        (Filters(measure="gross"), [CLICK, BOT, AHEAD]),
        (Filters(measure="tests", outcome="rejected"), []),
        (Filters(fields=(FieldFilter("code", "not", ("abc",)),)), []),
        (Filters(fields=(FieldFilter("code", "has", ("B",)),)), [CLICK, BOT, TEST, AHEAD, REJECTION]),
    ],
)
def test_only_what_fits_passes(filters: Filters, passing: list[Filterable]) -> None:
    assert [item for item in (CLICK, BOT, TEST, AHEAD, REJECTION) if matches(item, filters)] == passing


def test_the_tables_are_asked_for_the_same() -> None:
    by_code = FieldFilter("code", "is", ("c",))
    filters = Filters(
        fields=(by_code,),
        visitors="people",
        unique="repeat",
        quality="clean",
        measure="net",
        address="h1",
        network="n1",
    )

    assert make_click_filters(filters) == ClickFilters(
        fields=(by_code,),
        visitors="people",
        uniqueness="repeat",
        band="clean",
        measure="net",
        address="h1",
        network="n1",
    )
    assert make_click_filters(Filters()) == ClickFilters()
    assert make_rejection_filters(Filters(fields=(by_code,), reason="R101", address="h1")) == RejectionFilters(
        fields=(by_code,), reason="R101", address="h1"
    )


def test_every_choice_and_measure_has_a_condition_for_the_tables() -> None:
    assert CHOICES["visitors"] == tuple(VISITORS)
    assert CHOICES["unique"] == tuple(UNIQUENESS)
    assert CHOICES["quality"] == tuple(BANDS)
    assert set(COUNTED_LIVE) == set(COUNTED_BY) == {*MEASURES, *DERIVED}
