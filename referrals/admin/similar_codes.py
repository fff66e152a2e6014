"""Finds codes similar to an unknown one ("did you mean ...?"). Pure."""

from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import Final

FOLDED: Final = "oil_"
FOLDED_INTO: Final = "011-"
"""Characters that are confused with one another, besides upper and lower case."""
LOOK_ALIKES: Final = str.maketrans(FOLDED, FOLDED_INTO)

MAX_SUGGESTIONS: Final = 5
MIN_RATIO: Final = 0.7
MIN_LENGTH: Final = 2


def fold(code: str) -> str:
    return code.lower().translate(LOOK_ALIKES)


def split_folded(code: str) -> tuple[str, str, str, str] | None:
    """Return beginning, middle and end of a code, folded, and the whole: with two typos, one third is still right.

    Null when the code is too short to compare.
    """
    text = fold(code)
    if len(text) < MIN_LENGTH:
        return None
    third = -(-len(text) // 3)
    return text[:third], text[third : 2 * third] or text[:third], text[-third:], text


def choose_similar(text: str, codes: Iterable[str]) -> list[str]:
    """Choose the codes most similar to `text`, the most similar first."""
    wanted = fold(text)
    rated = []
    for code in codes:
        matcher = SequenceMatcher(None, wanted, fold(code), autojunk=False)
        if matcher.real_quick_ratio() >= MIN_RATIO and matcher.quick_ratio() >= MIN_RATIO:
            rated.append((-matcher.ratio(), code))
    return [code for rating, code in sorted(rated)[:MAX_SUGGESTIONS] if -rating >= MIN_RATIO]
