"""Programs, affiliates and referral codes, as every layer holds them: frozen, and stamped with their version."""

from typing import Annotated, ClassVar, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

Status: TypeAlias = Literal["active", "paused", "archived"]
"""Both `paused` and `archived` send visitors to the fallback; what is archived is out of the lists as well."""
Privacy: TypeAlias = Literal["full", "no_cookie", "anonymous"]
"""`full`: cookie and keyed hash; `no_cookie`; `anonymous`: no cookie, and of the address nothing but the country."""
LimitPolicy: TypeAlias = Literal["flag", "skip", "refuse"]
PassQuery: TypeAlias = Literal["none", "listed", "all"]
CookiePolicy: TypeAlias = Literal["last", "first"]

# The shapes of the tables' constraints. They are checked where a value is read: a header is made of them, and Redis may
# hold anything. Python's `$` alone would let one line feed pass.
StoredUrl = Annotated[str, Meta(pattern=r"^[!-\[\]-~]{1,2048}(?!\n)$")]
"""Printable ASCII but the space and the backslash; what more a target must be is checked where it is written."""
ParameterName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,40}(?!\n)$")]
ListedHost = Annotated[
    str,
    Meta(
        max_length=253,
        pattern=r"^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?(?!\n)$",
    ),
]
MOST_LISTED: Final = 50

Kind: TypeAlias = Literal["program", "affiliate", "code"]

STRICTNESS: Final[dict[Privacy, int]] = {"full": 0, "no_cookie": 1, "anonymous": 2}


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant offers: where visitors go, and the rules for their clicks.

    `cookie_window_days` is 1 to 400. `cookie_domain` is null for a cookie of the tracker's host alone. `privacy` holds
    for everybody, `privacy_gpc` and `privacy_dnt` where the browser sends that signal. A second click of a visitor
    within `unique_window_s` seconds is not unique. `version` grows with every change, to anything in the installation.

    `token_parameter` carries the click token where the target has no macro that does. `pass_query` says which of the
    visitor's own parameters go on to the target, by `pass_names`; `deep_link_hosts` (`shop.example`, `*.shop.example`)
    where a visitor may choose the page: docs/targets.md. Of two clicks `cookie_policy` keeps the first or the last.
    """

    kind: ClassVar[Kind] = "program"

    id: str
    name: str
    status: Status
    target_url: StoredUrl
    fallback_url: StoredUrl | None = None
    cookie_window_days: int = 30
    cookie_domain: str | None = None
    privacy: Privacy = "full"
    privacy_gpc: Privacy = "no_cookie"
    privacy_dnt: Privacy = "no_cookie"
    limit_policy: LimitPolicy = "flag"
    unique_window_s: int = 86_400
    token_parameter: ParameterName | None = None
    pass_query: PassQuery = "none"  # noqa: S105 - what passes is a query, not a password
    pass_names: Annotated[tuple[ParameterName, ...], Meta(max_length=MOST_LISTED)] = ()
    deep_link_hosts: Annotated[tuple[ListedHost, ...], Meta(max_length=MOST_LISTED)] = ()
    cookie_policy: CookiePolicy = "last"
    version: int = 0

    def decide_privacy(self, *, gpc: bool, dnt: bool) -> Privacy:
        """Give the strictest of the decisions that apply to a visitor with these signals."""
        if not gpc and not dnt:
            return self.privacy
        apply = [self.privacy, *([self.privacy_gpc] if gpc else []), *([self.privacy_dnt] if dnt else [])]
        return max(apply, key=STRICTNESS.__getitem__)


class Affiliate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who refers visitors."""

    kind: ClassVar[Kind] = "affiliate"

    id: str
    name: str
    status: Status
    version: int = 0


class ReferralCode(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What stands in a link: one affiliate's entrance to one program, with a target of its own or the program's."""

    kind: ClassVar[Kind] = "code"

    code: str
    affiliate_id: str
    program_id: str
    status: Status
    target_url: StoredUrl | None = None
    version: int = 0

    @property
    def id(self) -> str:
        return self.code


Referral: TypeAlias = Program | Affiliate | ReferralCode
Key: TypeAlias = tuple[Kind, str]
"""What names one program, affiliate or code: its kind and its id."""

TYPES: Final[dict[Kind, type[Program] | type[Affiliate] | type[ReferralCode]]] = {
    "program": Program,
    "affiliate": Affiliate,
    "code": ReferralCode,
}


def key_of(value: Referral) -> Key:
    return value.kind, value.id
