"""How far live and settled verdicts are apart: not at all where only the order of clicks differs, and why elsewhere."""

from functools import cache
from random import Random

import msgspec
import pytest

from cli.evaluation import enrich, settle
from quality.rules import DEFAULT_RULES
from schemas import RawClick
from simulate.traces.catalogue import RECIPES, make_trace
from simulate.traces.evaluation import FLAGGED
from simulate.traces.model import TraceParameters
from simulate.traces.raw_clicks import record_trace

pytestmark = pytest.mark.slow

MOST_OF_TOTALS, MOST_OF_FLAGS = 0.001, 0.01
BY_COOKIES = {"office", "nat", "webviews", "tor"}
"""Cookies come back that tell people behind one address apart."""
BY_LATER_CLICKS = {"mail-gateway", "twin"}
"""The clicks after a scanner's first ones show what it is."""


class Difference(msgspec.Struct, frozen=True):
    """By how much the total of unique clicks differs, and how many clicks are flagged otherwise, as shares of all."""

    total: float
    flags: float


@cache
def raw_clicks(trace: str) -> tuple[RawClick, ...]:
    recorded = record_trace(make_trace(trace, TraceParameters(seed=1)))
    return tuple(one.click for one in recorded if one.click is not None)


def compare(trace: str, latest_s: float) -> Difference:
    """Compare verdicts; the enricher gets each click up to `latest_s` late, in another order."""
    random = Random(7)
    arrived = sorted(raw_clicks(trace), key=lambda click: click.clicked_at.timestamp() + random.uniform(0, latest_s))
    live = list(enrich(arrived, DEFAULT_RULES))
    settled = settle(live, DEFAULT_RULES)
    unique = sum(click.unique.is_unique is True for click in live)
    unique_settled = sum(verdict.is_unique is True for verdict in settled.values())
    flags = sum(
        ((click.fraud.score or 0) >= FLAGGED) is not (settled[click.click_id].score >= FLAGGED) for click in live
    )
    return Difference(abs(unique - unique_settled) / len(live), flags / len(live))


@pytest.mark.parametrize("latest_s", [0, 60])
@pytest.mark.parametrize("trace", sorted(RECIPES.keys() - BY_COOKIES - BY_LATER_CLICKS))
def test_where_only_the_order_differs_live_and_settled_agree(trace: str, latest_s: float) -> None:
    found = compare(trace, latest_s)

    assert found.total <= MOST_OF_TOTALS
    assert found.flags <= MOST_OF_FLAGS


@pytest.mark.parametrize("trace", sorted(BY_COOKIES))
def test_cookies_that_come_back_change_the_total_of_unique_clicks_and_no_flag(trace: str) -> None:
    found = compare(trace, 0)

    assert found.total > MOST_OF_TOTALS
    assert found.flags == 0


def test_the_clicks_after_a_scanners_first_ones_change_flags_and_no_total() -> None:
    gateway, twin = compare("mail-gateway", 0), compare("twin", 0)

    assert (gateway.total, twin.total) == (0, 0)
    assert gateway.flags > MOST_OF_FLAGS >= twin.flags > 0
