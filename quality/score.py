"""The score of a click: 0 to 100, from its evidence and the rules. Pure.

Weights combine as independent pieces of evidence: 100 x (1 - product of (1 - weight)). The order of the signals does
not matter, and a further signal never lowers the score. Terms (GIVT, SIVT) are those of the Media Rating Council's
guidelines on invalid traffic.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import prod
from typing import Final

from quality.evidence import NOTHING_LATER, Evidence, LaterEvidence
from quality.rate_signals import find_link_sweep
from quality.rules import Rules, override
from quality.signals import GENERAL, LATER_SIGNALS, RATES, SIGNALS
from schemas import Fraud, Signal

LIVE: Final = "live"
SETTLED: Final = "settled"


def score_click(click: Evidence, rules: Rules, later: LaterEvidence | None = None) -> Fraud:
    """Score a click. Without `later` the score is live; with it, even with nothing in it, it is settled."""
    rules = override(rules, click.quality_rules)
    signals = find_signals(click, rules.values, later or NOTHING_LATER)
    stage = LIVE if later is None else SETTLED
    return judge(signals, rules, stage) if signals else judge_nothing(rules, stage)


def judge(signals: list[Signal], rules: Rules, stage: str) -> Fraud:
    score = combine(signals, rules.values["rate_cap_weight"]) if signals else 0
    return Fraud(
        score=score,
        band=choose_band(score, rules.values),
        ivt_class=choose_class(score, signals, rules.values),
        signals=signals,
        rules=rules.stamp,
        stage=stage,
    )


@lru_cache(256)
def judge_nothing(rules: Rules, stage: str) -> Fraud:
    """Give the score of a click without evidence. Most clicks have none, so it is shared."""
    return judge([], rules, stage)


def find_signals(click: Evidence, values: Mapping[str, float], later: LaterEvidence) -> list[Signal]:
    """Find the evidence. A rule with weight 0 is switched off."""
    found = [signal for find in SIGNALS if (signal := find(click, values)) is not None]
    if (sweep := find_link_sweep(click, values, later)) is not None:
        found.append(sweep)
    if later is not NOTHING_LATER:
        found += [signal for find in LATER_SIGNALS if (signal := find(click, values, later)) is not None]
    return [signal for signal in found if signal.weight > 0] if found else found


def combine(signals: Iterable[Signal], rate_cap: float) -> int:
    rates = 1 - prod(1 - signal.weight for signal in signals if signal.name in RATES)
    others = prod(1 - signal.weight for signal in signals if signal.name not in RATES)
    return int(100 * (1 - others * (1 - min(rates, rate_cap))) + 0.5)


def choose_band(score: int, values: Mapping[str, float]) -> str:
    if score >= values["band_limit_invalid"]:
        return "invalid"
    if score >= values["band_limit_likely_invalid"]:
        return "likely_invalid"
    return "suspicious" if score >= values["band_limit_suspicious"] else "clean"


def choose_class(score: int, signals: Iterable[Signal], values: Mapping[str, float]) -> str | None:
    if any(signal.name in GENERAL and signal.weight >= values["givt_weight"] for signal in signals):
        return "givt"
    return "sivt" if score >= values["band_limit_likely_invalid"] else None
