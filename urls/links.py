"""The link a visitor follows: what a request for it asks for. Pure."""

import re
from typing import Final

from urls.codes import IS_CODE, decode_unreserved

PREFIX: Final = "/ref/"
AUTHORITY: Final = re.compile(r"[^/?#]*://[^/?#]*")


def split_path(raw_path: str) -> tuple[str, str]:
    """Split a request's target, as sent, into path and query."""
    if not raw_path.startswith("/"):
        # A server must understand a whole URL too (RFC 9112, 3.2.2). Its host decides nothing here.
        rest = AUTHORITY.sub("", raw_path, count=1)
        raw_path = rest if rest.startswith("/") else "/" + rest
    path, _, query = raw_path.partition("#")[0].partition("?")
    return path, query


def is_link(path: str) -> bool:
    """Tell whether a path is below `/ref/`: what is asked for there is a code, or is refused as none."""
    return path.startswith(PREFIX) or find_asked(path) is not None


def match_code(path: str) -> str | None:
    """Give the referral code of a path `/ref/{code}`, or null when what stands there cannot be one.

    An encoded letter, digit, `-`, `.`, `_` or `~` is that character; any other escape is part of no code. One slash at
    the end is forgiven.
    """
    asked = find_asked(path)
    if asked is None:
        return None
    code = asked.removesuffix("/")
    return code if IS_CODE(code) else None


def find_asked(path: str) -> str | None:
    """Give what a path asks for in place of a code; null when it is the path of no link."""
    if "%" in path:
        path = decode_unreserved(path)
    return path[len(PREFIX) :] if path.startswith(PREFIX) else None
