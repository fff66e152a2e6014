"""Signals in words."""

import ast
from pathlib import Path

import pytest

from quality import rate_signals, signals
from quality.rules import DEFAULTS
from quality.wording import TEXTS, describe_score, describe_signal
from schemas import Fraud, Signal

NAMES = {
    keyword.value.value
    for module in (signals, rate_signals)
    for node in ast.walk(ast.parse(Path(module.__file__).read_text()))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Signal"
    for keyword in node.keywords
    if keyword.arg == "name" and isinstance(keyword.value, ast.Constant)
}


def test_every_signal_has_its_words_and_its_weight() -> None:
    assert set(TEXTS) == NAMES
    assert all(any(rule.startswith(f"{name}_weight") for rule in DEFAULTS) for name in NAMES)


@pytest.mark.parametrize(
    ("signal", "sentence"),
    [
        (
            Signal(name="client_rate", weight=0.4, value=12.0, limit=10.0, detail="60s"),
            "One browser at one address made 12 clicks within 60s; the limit is 10.",
        ),
        (
            Signal(name="machine_rhythm", weight=0.6, value=0.0213, limit=0.1),
            (
                "The gaps between the clicks of this browser are nearly equal: they deviate by 0.021 of their mean; the"
                " limit is 0.1."
            ),
        ),
        (
            Signal(name="hosting_network", weight=0.35, detail="Example Hosting"),
            "The address belongs to a hosting provider (Example Hosting).",
        ),
        (Signal(name="hosting_network", weight=0.35), "The address belongs to a hosting provider."),
        (Signal(name="of_a_newer_version", weight=0.1, value=3.0), "of_a_newer_version (3)"),
    ],
)
def test_a_signal_is_described_with_its_values(signal: Signal, sentence: str) -> None:
    assert describe_signal(signal) == sentence


def test_a_score_is_described_with_band_and_class() -> None:
    assert describe_score(Fraud()) == "not scored"
    assert describe_score(Fraud(score=0, band="clean")) == "0 of 100, clean"
    assert describe_score(Fraud(score=97, band="invalid", ivt_class="givt")) == (
        "97 of 100, invalid (general invalid traffic: the click declares itself, or is on a list)"
    )
