"""Questions that are not answered, in words, and what to do about each. Pure."""

from typing import Final

import msgspec

from storage.read.asking.plan import NotKept, Refusal, TooLarge

QUICK: Final = 200_000
"""So many clicks are read in about a second."""


class Refused(msgspec.Struct, frozen=True):
    """Why there is no number.

    `can_count` is whether it may be counted all the same, which takes long; `is_quick` whether it is so short that
    nobody has to ask for it.
    """

    title: str
    words: str
    can_count: bool = False
    is_quick: bool = False


def explain_refusal(refusal: Refusal) -> Refused:
    match refusal:
        case TooLarge(about, reason):
            size = "many clicks" if about is None else f"about {about:,} clicks"
            return Refused(
                title=f"This would read {size}",
                words=f"{capitalize(reason)}.",
                can_count=True,
                is_quick=about is not None and about <= QUICK,
            )
        case NotKept(reason):
            return Refused("These clicks are not kept", f"{capitalize(reason)}.")
        case _:
            return Refused("This cannot be asked", f"{capitalize(refusal.reason)}.")


def capitalize(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
