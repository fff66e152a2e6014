"""Which codes somebody may have meant who asked for one that there is not. Pure."""

from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import Final

FOLDED: Final = "oil_"
FOLDED_INTO: Final = "011-"
"""Characters that are taken for one another, besides upper and lower case."""
LOOK_ALIKES: Final = str.maketrans(FOLDED, FOLDED_INTO)

MOST_OFFERED: Final = 5
LEAST_ALIKE: Final = 0.7
SHORTEST: Final = 2


def fold(code: str) -> str:
    return code.lower().translate(LOOK_ALIKES)


def split_folded(asked: str) -> tuple[str, str, str, str] | None:
    """Give beginning, middle and end of what was asked for, folded, and all of it: two slips leave one of them whole.

    Null where it is too short for anything to be like it.
    """
    text = fold(asked)
    if len(text) < SHORTEST:
        return None
    third = -(-len(text) // 3)
    return text[:third], text[third : 2 * third] or text[:third], text[-third:], text


def choose_similar(asked: str, codes: Iterable[str]) -> list[str]:
    """Choose the codes most like what was asked for, the likeliest first."""
    wanted = fold(asked)
    rated = []
    for code in codes:
        matcher = SequenceMatcher(None, wanted, fold(code), autojunk=False)
        if matcher.real_quick_ratio() >= LEAST_ALIKE and matcher.quick_ratio() >= LEAST_ALIKE:
            rated.append((-matcher.ratio(), code))
    return [code for alike, code in sorted(rated)[:MOST_OFFERED] if -alike >= LEAST_ALIKE]
