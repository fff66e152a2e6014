"""A planned request, and the answers expected for it. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

import msgspec

Kind = Literal[
    "visit", "repeat", "prefetch", "head", "bot", "preview", "unknown_code", "malformed_code", "elsewhere", "method",
    "hostile", "replay", "person", "machine",
]  # fmt: skip
"""In order: a person; the same person again; a browser's prefetch; HEAD; a crawler or library; a link preview; an
unknown code; a malformed code; a path that is not a link; another method than GET and HEAD; hostile bytes; a replayed
request; a person and a machine of a trace."""

Expected = Literal["click", "redirect", "rejected", "ahead", "not_found", "not_allowed", "click_or_bad", "anything"]
"""What a stack that has the codes does. In order: 302 and a click; 302 without one; a rejection; a prefetch refused or
recorded as such; 404 without a record; 405 without a record; a click or 400; any answer."""

STATUSES: Final[Mapping[Expected, frozenset[int]]] = {
    "click": frozenset({302}),
    "redirect": frozenset({302}),
    "rejected": frozenset({302, 404}),  # 302 where the installation has a fallback
    "ahead": frozenset({302, 503}),  # 302 where prefetches are recorded
    "not_found": frozenset({404}),
    "not_allowed": frozenset({405}),
    "click_or_bad": frozenset({302, 400}),
    "anything": frozenset({302, 400, 404, 405, 429, 503}),
}
MAY_SET_COOKIE: Final = frozenset({"click", "click_or_bad", "anything"})
"""Only a click may set our cookie. Not every click does: privacy forbids it to some."""


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """One request. Ids count from 1.

    `path` is the request's target, query included; `code` is the part of it where a referral code should be. `headers`
    have no Host, CR or LF; lone surrogates in them stand for bytes that are not UTF-8. `visitor` names the cookie jar
    to use; None: no cookies, as for machines. `at_s` is its own time, in seconds after the first; None: not known.
    """

    id: int
    kind: Kind
    expected: Expected
    method: str
    path: str
    code: str
    headers: tuple[tuple[str, str], ...]
    visitor: str | None = None
    at_s: float | None = None


EVERYDAY: Final[Mapping[Kind, float]] = MappingProxyType(
    {
        "visit": 62,
        "repeat": 12,
        "bot": 7,
        "preview": 5,
        "prefetch": 3,
        "head": 3,
        "unknown_code": 3,
        "malformed_code": 2,
        "elsewhere": 1.5,
        "method": 0.5,
        "hostile": 1,
    }
)
"""The traffic of a link shared in public, in percent."""

DEFAULT_URL: Final = "http://127.0.0.1:8080"
"""Where `make up` serves links, unless a port is set."""
DEMO_CODES: Final = ("demo", "spring-26", "newsletter", "insta")


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """`codes` are active referral codes, the first visited most; `shares` weigh the kinds, in any unit."""

    codes: tuple[str, ...] = DEMO_CODES
    shares: Mapping[Kind, float] = EVERYDAY
