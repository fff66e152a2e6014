"""A stored URL and its macros. Pure.

The URL's bytes stay unchanged. Macro values are percent-encoded completely, so that no value can change the URL around
it.
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
"""Matches values that need no encoding (RFC 3986, section 2.3): nearly all values."""
DOT_SEGMENTS: Final = frozenset({".", ".."})


class UrlTemplate(msgspec.Struct, frozen=True):
    """A stored URL, parsed once: literal text at even positions, macro names at odd positions."""

    pieces: tuple[str, ...]


def parse_template(url: str) -> UrlTemplate:
    """Split a stored URL at its macros. A macro before the path is literal text: no macro may choose the host."""
    authority = NEVER_IN_AUTHORITY.match(url)
    end = authority.end() if authority else 0
    first, *rest = MACRO.split(url[end:])
    return UrlTemplate((url[:end] + first, *rest))


def fill_template(target: UrlTemplate, values: Mapping[str, str]) -> str:
    """Replace each macro by its value, which must be encoded, or by nothing if it has no value."""
    if len(target.pieces) == 1:
        return target.pieces[0]
    filled = list(target.pieces)
    for place in range(1, len(filled), 2):
        filled[place] = values.get(filled[place], "")
    return "".join(filled)


def encode_value(value: str) -> str:
    """Percent-encode all of a value."""
    # Browsers resolve `.` and `..` in a path, even percent-encoded, so such values are dropped.
    if value in DOT_SEGMENTS:
        return ""
    return value if UNRESERVED(value) else quote(value, safe="")
