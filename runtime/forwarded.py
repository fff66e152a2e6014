"""The headers Forwarded (RFC 7239) and X-Forwarded-Proto. Pure.

Forwarded looks like `for=192.0.2.43, for="[2001:db8::1]:4711";proto=https`.

Commas separate elements, semicolons separate pairs, and a quoted value may contain either. Everything is read from the
right, where the nearest proxy writes. A client may write anything at the left, such as an unclosed quote, and it must
not change how the rest is read.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from aiohttp import hdrs
from multidict import MultiMapping

WORD: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
QUOTED: Final = r'"(?:[\t !#-\[\]-~\x80-\U0010ffff]|\\[\t -~\x80-\U0010ffff])*"'
PAIR: Final = re.compile(f"({WORD})=({WORD}|{QUOTED})")
PORT: Final = r"[0-9]{1,5}|_[A-Za-z0-9._-]+"
NODE: Final = re.compile(rf"(?:[0-9.]+|\[[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*\])(?::(?:{PORT}))?")
ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


def rejoin_quoted(pieces: Iterable[str], separator: str) -> Iterator[str]:
    """Join the pieces of quoted strings that were split at a separator inside them; both go from right to left.

    A rest with an unclosed quote is malformed and yielded unchanged.
    """
    whole: str | None = None
    for piece in pieces:
        whole = piece if whole is None else f"{piece}{separator}{whole}"
        if not has_open_quote(whole):
            yield whole
            whole = None
    if whole is not None:
        yield whole


def has_open_quote(text: str) -> bool:
    return '"' in text and ESCAPED.sub("", text).count('"') % 2 == 1


def read_node(element: str) -> str | None:
    """Return the `for` of an element, as `192.0.2.43`, `192.0.2.43:4711` or `[2001:db8::1]:4711`.

    Return None when `for` is missing or repeated, when anything in the element is malformed, and when `for` is hidden
    (`unknown`, or an identifier such as `_hidden`).
    """
    pairs = read_pairs(element)
    nodes = [value for name, value in pairs or () if name == "for"]
    return nodes[0] if len(nodes) == 1 and NODE.fullmatch(nodes[0]) else None


def read_pairs(element: str) -> list[tuple[str, str]] | None:
    """Return the pairs of an element, the last first, names in lower case; None when anything is malformed."""
    pairs = []
    for text in rejoin_quoted(reversed(element.split(";")), ";"):
        if not (stripped := text.strip(" \t")):
            continue
        pair = PAIR.fullmatch(stripped)
        if pair is None:
            return None
        value = ESCAPED.sub(r"\1", pair[2][1:-1]) if pair[2].startswith('"') else pair[2]
        pairs.append((pair[1].lower(), value))
    return pairs


def read_scheme(headers: MultiMapping[str]) -> str | None:
    """Return the scheme the first proxy saw, in lower case; None when no header names one.

    Each proxy appends what it saw, so the first entry of X-Forwarded-Proto counts, or without that header the first
    `proto` of Forwarded. The client can forge it: use it only where a wrong value harms nobody but that client.
    """
    schemes = ",".join(headers.getall(hdrs.X_FORWARDED_PROTO, ())).split(",")
    elements = [*rejoin_quoted(reversed(",".join(headers.getall(hdrs.FORWARDED, ())).split(",")), ",")]
    for element in reversed(elements):
        schemes += [value for name, value in reversed(read_pairs(element) or []) if name == "proto"]
    return next((scheme.strip(" \t").lower() for scheme in schemes if scheme.strip(" \t")), None)
