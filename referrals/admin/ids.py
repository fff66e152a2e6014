"""Checks ids of programs and affiliates, and generates ids and codes."""

import re
from collections.abc import Callable
from typing import Final

ID_SHAPE: Final = re.compile(r"[a-z0-9_-]{1,40}")

GENERATED_LENGTH: Final = 10
ID_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32 in lower case: 50 bits in ten characters, and no two characters look alike."""
CODE_ALPHABET: Final = "23456789abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
"""54 characters of which no two look alike: 57 bits in ten characters, so that codes cannot be guessed."""

Choose = Callable[[str], str]
"""Chooses one character of a text: `secrets.choice`, or a fake in tests."""


def is_id(text: str) -> bool:
    return ID_SHAPE.fullmatch(text) is not None


def make_program_id(choose: Choose) -> str:
    return "prg_" + draw(ID_ALPHABET, choose)


def make_affiliate_id(choose: Choose) -> str:
    return "aff_" + draw(ID_ALPHABET, choose)


def make_code(choose: Choose) -> str:
    return draw(CODE_ALPHABET, choose)


def draw(alphabet: str, choose: Choose) -> str:
    return "".join(choose(alphabet) for _ in range(GENERATED_LENGTH))
