"""Ids of programs and affiliates: what they look like; and how new ids and codes are made."""

import re
from collections.abc import Callable
from typing import Final

ID_SHAPE: Final = re.compile(r"[a-z0-9_-]{1,40}")

GENERATED_LENGTH: Final = 10
ID_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's 32, lower case: 50 bits in ten characters, and none that is read as another."""
CODE_ALPHABET: Final = "23456789abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
"""54 characters without look-alikes: 57 bits in ten, so that codes cannot be guessed."""

Choose = Callable[[str], str]
"""Gives one character of a text, unpredictably: `secrets.choice`."""


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
