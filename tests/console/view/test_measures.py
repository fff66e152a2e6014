"""Measures in words."""

from console.view.measures import MAIN, MEASURE_WORDS, QUALITY
from storage.rollups.measures import DERIVED, MEASURES


def test_every_measure_says_how_it_is_counted() -> None:
    assert set(MEASURE_WORDS) == {*MEASURES, *DERIVED}
    assert all(words.how.endswith(".") for words in MEASURE_WORDS.values())
    assert {*MAIN, *QUALITY} <= set(MEASURE_WORDS)
