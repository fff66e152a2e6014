"""What proxies say of a request in Forwarded (RFC 7239) and X-Forwarded-Proto. Pure.

Forwarded is written as `for=192.0.2.43, for="[2001:db8::1]:4711";proto=https`.

Elements stand between commas, pairs between semicolons, and a value may be a quoted string that holds either. All of it
is read from the right, where the nearest proxy writes: at the left a client may write anything, an open quote too, and
nothing there may decide how what follows is read.
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
    """Join what a separator inside of a quoted string has torn apart; pieces come from the right, and go so.

    What is left with an open quote is given as it is: it is malformed.
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
    """Give whom an element is `for`, as `192.0.2.43`, `192.0.2.43:4711` or `[2001:db8::1]:4711`.

    Null when it says so never or twice, when anything in it is malformed, and when it does not want to tell (`unknown`
    and identifiers such as `_hidden`).
    """
    pairs = read_pairs(element)
    nodes = [value for name, value in pairs or () if name == "for"]
    return nodes[0] if len(nodes) == 1 and NODE.fullmatch(nodes[0]) else None


def read_pairs(element: str) -> list[tuple[str, str]] | None:
    """Give the names, in lower case, and values of an element, the last first; null when anything is malformed."""
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
    """Give the scheme the browser used, in lower case, as the first proxy saw it: null where none says so.

    Each proxy adds what it saw at the end, so that the first of X-Forwarded-Proto counts; without that header, the
    first `proto` of Forwarded. The client itself may have written it: decide nothing by it that others suffer from.
    """
    schemes = ",".join(headers.getall(hdrs.X_FORWARDED_PROTO, ())).split(",")
    elements = [*rejoin_quoted(reversed(",".join(headers.getall(hdrs.FORWARDED, ())).split(",")), ",")]
    for element in reversed(elements):
        schemes += [value for name, value in reversed(read_pairs(element) or []) if name == "proto"]
    return next((scheme.strip(" \t").lower() for scheme in schemes if scheme.strip(" \t")), None)
