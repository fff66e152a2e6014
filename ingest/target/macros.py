"""A stored URL and its macros. Pure.

Its bytes are kept as they are, and the values of macros are percent-encoded whole, so that no value can reach beyond
its place.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import msgspec

from urls.targets import MACROS

MACRO: Final = re.compile(rf"\{{({'|'.join(MACROS)})\}}")
NEVER_IN_AUTHORITY: Final = re.compile(r"^[a-zA-Z]+://[^/?#]*")
UNRESERVED: Final = re.compile(r"[A-Za-z0-9_~.-]+").fullmatch
"""What needs no encoding (RFC 3986, section 2.3): nearly every value there is."""
STEPS: Final = frozenset({".", ".."})


class Target(msgspec.Struct, frozen=True):
    """A stored URL, read once: literal text and macros in turn, the literals at even places."""

    pieces: tuple[str, ...]


def read_target(url: str) -> Target:
    """Split a stored URL at its macros. A macro before the path is literal text: nothing may choose the host."""
    authority = NEVER_IN_AUTHORITY.match(url)
    end = authority.end() if authority else 0
    first, *rest = MACRO.split(url[end:])
    return Target((url[:end] + first, *rest))


def fill_target(target: Target, values: Mapping[str, str]) -> str:
    """Give the URL with each macro replaced by its value, as `encode_value` gave it; without a value by nothing."""
    if len(target.pieces) == 1:
        return target.pieces[0]
    filled = list(target.pieces)
    for place in range(1, len(filled), 2):
        filled[place] = values.get(filled[place], "")
    return "".join(filled)


def encode_value(value: str) -> str:
    """Percent-encode a value whole."""
    # A browser walks along the path at `.` and `..`, percent-encoded or not: as values they are left out.
    if value in STEPS:
        return ""
    return value if UNRESERVED(value) else quote(value, safe="")
