"""The score: order-free, never lowered by evidence, and rates alone never enough."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.evidence import LaterEvidence
from quality.rules import DEFAULT_RULES, make_rules
from quality.score import combine, score_click
from quality.signals import RATES
from schemas import Bot, Network, Signal
from tests.quality.builders import click_of, counted

weights = st.floats(0, 1)
signals = st.builds(Signal, name=st.sampled_from(["hosting_network", "tor_exit", "link_sweep", *RATES]), weight=weights)
HOSTING = Network(status="found", kind="hosting")


@given(st.lists(signals, max_size=6), signals)
def test_further_evidence_never_lowers_the_score(some: list[Signal], more: Signal) -> None:
    assert 0 <= combine(some, 0.55) <= combine([*some, more], 0.55) <= 100


@given(st.lists(signals, max_size=4))
def test_the_order_of_the_evidence_does_not_matter(some: list[Signal]) -> None:
    # The last digit of a product may depend on the order, and only a rounding at one half could show it.
    assert max(scores := {combine(each, 0.55) for each in permutations(some)}) - min(scores) <= 1


@given(st.lists(st.builds(Signal, name=st.sampled_from(sorted(RATES)), weight=weights), max_size=6))
def test_rates_alone_never_reach_likely_invalid(rates: list[Signal]) -> None:
    assert combine(rates, 0.55) <= 55


@pytest.mark.parametrize(
    ("score", "band"), [(0, "clean"), (29, "clean"), (30, "suspicious"), (60, "likely_invalid"), (90, "invalid")]
)
def test_a_score_has_its_band(score: int, band: str) -> None:
    rules = make_rules("test", "1", {"hosting_network_weight": score / 100})

    assert (fraud := score_click(click_of(network=HOSTING), rules)).score == score
    assert fraud.band == band


def test_a_person_is_clean() -> None:
    fraud = score_click(click_of(), DEFAULT_RULES)

    assert (fraud.score, fraud.band, fraud.ivt_class, fraud.signals, fraud.stage) == (0, "clean", None, [], "live")


def test_a_declared_bot_is_general_invalid_traffic() -> None:
    fraud = score_click(click_of(bot=Bot(is_bot=True, reasons=["crawler_user_agent"])), DEFAULT_RULES)

    assert (fraud.score, fraud.band, fraud.ivt_class) == (97, "invalid", "givt")


def test_several_pieces_of_evidence_are_sophisticated_invalid_traffic() -> None:
    fraud = score_click(click_of(network=HOSTING, client_hints=None, counts=counted(client_60s=10)), DEFAULT_RULES)

    assert fraud.score == round(100 * (1 - 0.65 * 0.65 * 0.6))
    assert fraud.ivt_class == "sivt"


def test_a_hosting_network_alone_is_suspicious_and_no_more() -> None:
    assert score_click(click_of(network=HOSTING), DEFAULT_RULES).score == 35


def test_a_program_has_its_own_rules_and_the_click_says_so() -> None:
    usual = score_click(click_of(counts=counted(client_60s=12)), DEFAULT_RULES)
    own = score_click(
        click_of(counts=counted(client_60s=12), quality_rules={"client_rate_limit_60s": 20.0}), DEFAULT_RULES
    )

    assert [signal.name for signal in usual.signals] == ["client_rate"]
    assert own.signals == []
    assert own.rules is not None
    assert own.rules.startswith(f"{usual.rules} program ")


def test_a_weight_of_nought_switches_a_signal_off() -> None:
    rules = make_rules("test", "1", {"hosting_network_weight": 0})

    assert score_click(click_of(network=HOSTING), rules).signals == []


def test_values_that_are_no_rules_are_ignored_in_a_record() -> None:
    strange = {"no_such_rule": 1.0, "tor_exit_weight": 7.0, "hosting_network_weight": 0.2}

    assert score_click(click_of(network=HOSTING, quality_rules=strange), DEFAULT_RULES).score == 20


def test_a_score_with_later_evidence_is_settled() -> None:
    assert score_click(click_of(), DEFAULT_RULES, LaterEvidence()).stage == "settled"
