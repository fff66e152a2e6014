"""What is going to be asked, before anybody is asked. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

import msgspec

Kind = Literal[
    "visit", "repeat", "prefetch", "head", "bot", "preview", "unknown_code", "malformed_code", "elsewhere", "method",
    "hostile", "replay",
]  # fmt: skip
"""Who asks, and how: a person, the same person again, a browser ahead of its visitor, whoever only looks (HEAD), a
crawler or library, a link preview; a code that does not exist, one that cannot, no tracking link at all, a method no
link has; bytes meant to break something; a request that was made once."""

Expected = Literal["click", "redirect", "rejected", "ahead", "not_found", "not_allowed", "click_or_bad", "anything"]
"""What a stack does that knows the codes: 302 and a click; 302 and none; a rejection; a prefetch put off (or recorded
as such); 404 and 405 without a record; either a click or 400; whatever a stack says to a request it knows best."""

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
MAY_MARK: Final = frozenset({"click", "click_or_bad", "anything"})
"""Only a click may set our cookie, and not even each of them does: privacy forbids it to some."""


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """One request. Ids count from 1.

    `path` is the request's target as sent, query included; `code` what stands in the place of a referral code.
    `headers` have no Host, no CR and no LF; lone surrogates in them stand for bytes that are not UTF-8.
    `visitor` names whose cookies go with it and are kept from its answer; None: nobody's, as with a machine.
    """

    id: int
    kind: Kind
    expected: Expected
    method: str
    path: str
    code: str
    headers: tuple[tuple[str, str], ...]
    visitor: str | None = None


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
"""What a link shared in public gets, in parts of a hundred."""

DEFAULT_URL: Final = "http://127.0.0.1:8080"
"""Where `make up` serves links, unless a port is set."""
DEMO_CODES: Final = ("demo", "spring-26", "newsletter", "insta")


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """`codes` are active referral codes, the first visited most; `shares` weigh the kinds, in any unit."""

    codes: tuple[str, ...] = DEMO_CODES
    shares: Mapping[Kind, float] = EVERYDAY
