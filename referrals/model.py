"""Programs, affiliates and referral codes, as every layer stores them: immutable, each with its version."""

from typing import Annotated, ClassVar, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

Status: TypeAlias = Literal["active", "paused", "archived"]
"""Both `paused` and `archived` send visitors to the fallback; archived ones are also left out of lists."""
Privacy: TypeAlias = Literal["full", "no_cookie", "anonymous"]
"""`full`: cookie and hashed address. `no_cookie`: hashed address only. `anonymous`: only the country."""
LimitPolicy: TypeAlias = Literal["flag", "skip", "refuse"]
PassQuery: TypeAlias = Literal["none", "listed", "all"]
CookiePolicy: TypeAlias = Literal["last", "first"]
UniqueBasis: TypeAlias = Literal["address", "cookie"]

# The same patterns as the tables' constraints. They are checked again when a value is read, because response headers
# are built from them and Redis may contain anything. `(?!\n)`: Python's `$` alone accepts a trailing line feed.
StoredUrl = Annotated[str, Meta(pattern=r"^[!-\[\]-~]{1,2048}(?!\n)$")]
"""Printable ASCII without space and backslash. `urls.targets` checks the rest when a target is stored."""
ParameterName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,40}(?!\n)$")]
ListedHost = Annotated[
    str,
    Meta(
        max_length=253,
        pattern=r"^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?(?!\n)$",
    ),
]
RuleName = Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,40}(?!\n)$")]
RuleValue = Annotated[float, Meta(ge=0, le=1_000_000)]
MOST_LISTED: Final = 50

Kind: TypeAlias = Literal["program", "affiliate", "code"]

STRICTNESS: Final[dict[Privacy, int]] = {"full": 0, "no_cookie": 1, "anonymous": 2}


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant offers: where visitors go, and the rules for their clicks.

    `cookie_window_days` is 1 to 400. With a null `cookie_domain` the cookie belongs to the tracker's host alone.
    `privacy` applies to every visitor, `privacy_gpc` and `privacy_dnt` to those whose browser sends that signal. A
    second click of a visitor within `unique_window_s` seconds is not unique. `version` is the installation's change
    counter at the last change of this row.

    `token_parameter` is the query parameter for the click token, used when the target has no macro for it.
    `pass_query` and `pass_names` say which of the visitor's parameters are passed to the target. `deep_link_hosts`
    (`shop.example`, `*.shop.example`) are the hosts on which a visitor may choose the page: docs/targets.md.
    `cookie_policy` says whether the first or the last click of a visitor counts.

    `unique_basis` says how a visitor without a cookie is recognised: by `address`, or not at all (`cookie`), so that
    each of their clicks is unique. With `accept_client_hints` browsers are asked for the device's model and the
    platform's version. `quality_rules` are the program's own weights and limits (docs/quality.md). `subs_are_personal`
    says that sub1 to sub5 are personal data, which are removed after CLICKRAIL_SINK_PERSONAL_DAYS.
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
    unique_basis: UniqueBasis = "address"
    accept_client_hints: bool = False
    quality_rules: Annotated[dict[RuleName, RuleValue], Meta(max_length=MOST_LISTED)] = {}
    subs_are_personal: bool = False
    version: int = 0

    def decide_privacy(self, *, gpc: bool, dnt: bool) -> Privacy:
        """Return the strictest policy that applies to a visitor with these signals."""
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
    """The code in a link. It belongs to one affiliate and one program, and may have a target of its own."""

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
"""Identifies one program, affiliate or code: its kind and its id."""

TYPES: Final[dict[Kind, type[Program] | type[Affiliate] | type[ReferralCode]]] = {
    "program": Program,
    "affiliate": Affiliate,
    "code": ReferralCode,
}


def key_of(value: Referral) -> Key:
    return value.kind, value.id
