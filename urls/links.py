"""The link that a visitor follows: path, query and referral code. Pure."""

import re
from typing import Final, NamedTuple

from urls.codes import IS_CODE, decode_unreserved

PREFIX: Final = "/ref/"
AUTHORITY: Final = re.compile(r"[^/?#]*://[^/?#]*")
ORIGIN: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//[^/?#]+")
LIKE_A_HOST: Final = re.compile(r"localhost|.*[.:].*").fullmatch


def split_path(raw_path: str) -> tuple[str, str]:
    """Split a request's target, as sent, into path and query."""
    if not raw_path.startswith("/"):
        # RFC 9112, 3.2.2: a server must accept an absolute URL. Its host is ignored here.
        rest = AUTHORITY.sub("", raw_path, count=1)
        raw_path = rest if rest.startswith("/") else "/" + rest
    path, _, query = raw_path.partition("#")[0].partition("?")
    return path, query


def is_link(path: str) -> bool:
    """Return whether a path is below `/ref/`: its rest is a code, or is refused as malformed."""
    return path.startswith(PREFIX) or find_requested_code(path) is not None


def match_code(path: str) -> str | None:
    """Return the referral code of a path `/ref/{code}`, or None when it is malformed.

    An encoded letter, digit, `-`, `.`, `_` or `~` is decoded; a code cannot contain any other escape. One slash at the
    end is ignored.
    """
    if path.startswith(PREFIX) and IS_CODE(path, len(PREFIX)):
        # The fast path of nearly every request: nothing encoded, no slash at the end.
        return path[len(PREFIX) :]
    asked = find_requested_code(path)
    if asked is None:
        return None
    code = asked.removesuffix("/")
    return code if IS_CODE(code) else None


def find_requested_code(path: str) -> str | None:
    """Return the text after `/ref/`, valid or not; None when the path is not a link's."""
    if "%" in path:
        path = decode_unreserved(path)
    return path[len(PREFIX) :] if path.startswith(PREFIX) else None


def is_https(public_url: str) -> bool:
    """Return whether visitors use https. The public URL decides, never a request."""
    return public_url.startswith("https://")


class VisitedLink(NamedTuple):
    """A link as the redirect receives it: path and query as sent. `origin` is None when the link has none.

    An origin without a scheme begins with `//`.
    """

    origin: str | None
    path: str
    query: str


def read_link(text: str) -> VisitedLink:
    """Read a link, or a code alone, as people copy them: `abc`, `/ref/abc?sub1=x`, `go.shop.example/ref/abc`."""
    if "/" not in text.partition("?")[0]:
        return VisitedLink(None, *split_path(PREFIX + text))
    first = text.partition("/")[0]
    if first and "://" not in text.partition("?")[0] and LIKE_A_HOST(first):
        text = f"//{text}"
    origin = ORIGIN.match(text)
    if origin:
        return VisitedLink(origin[0], *split_path(text[origin.end() :] or "/"))
    return VisitedLink(None, *split_path(text))
