"""Data that the steps of the hot path hand on: the request, the time of each step, the click's draft. Pure."""

from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

import msgspec
from multidict import CIMultiDictProxy

from identity.cookie import CookieClaims
from identity.verification import Reason
from ingest.http.response import REDIRECT_CAP, compute_location_cap
from ingest.request.parameters import Parameters
from referrals.lookup.answers import Found
from runtime.client_address import TrustedProxies
from schemas import Privacy

Address = IPv4Address | IPv6Address


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """Constants of the process. `process` is its ULID.

    `location_cap` is the maximum length of a Location and a Set-Cookie value together.
    """

    region: str
    process: str
    https: bool
    fallback_url: str | None
    refuses_prefetch: bool
    proxies: TrustedProxies
    raw_topic: str
    rejected_topic: str
    location_cap: int = compute_location_cap(REDIRECT_CAP)


class StepTimes(msgspec.Struct):
    """Start of the hot path and end of each step, in nanoseconds of one clock; 0 until a step has ended."""

    started: int
    matched: int = 0
    client_found: int = 0
    client_limited: int = 0
    looked_up: int = 0
    code_limited: int = 0
    cookie_read: int = 0
    cookie_made: int = 0
    target_built: int = 0

    def microseconds(self) -> dict[str, int]:
        """Give the duration of each step and the total, in whole microseconds."""
        return {
            "match": (self.matched - self.started) // 1000,
            "client_ip": (self.client_found - self.matched) // 1000,
            "client_limit": (self.client_limited - self.client_found) // 1000,
            "lookup": (self.looked_up - self.client_limited) // 1000,
            "code_limit": (self.code_limited - self.looked_up) // 1000,
            "cookie_open": (self.cookie_read - self.code_limited) // 1000,
            "cookie_seal": (self.cookie_made - self.cookie_read) // 1000,
            "target": (self.target_built - self.cookie_made) // 1000,
            "total": (self.target_built - self.started) // 1000,
        }


class RequestContext(msgspec.Struct, frozen=True):
    """A request for a link: `path` and `query` as sent, the client's address, and whether it is a prefetch."""

    path: str
    query: str
    headers: CIMultiDictProxy[str]
    address: Address
    is_prefetch: bool
    times: StepTimes


class Visitor(msgspec.Struct, frozen=True):
    """The state of the visitor's cookie (`valid`, `absent`, or why it is invalid), and its content if it is valid."""

    cookie_state: Reason | str
    cookie: CookieClaims | None

    @property
    def previous_click_id(self) -> str | None:
        return self.cookie.click_id if self.cookie else None

    @property
    def lease_click_id(self) -> str | None:
        """The click that opened the visitor's last unique window."""
        return self.cookie.lease_click_id if self.cookie else None


class ResolvedTarget(NamedTuple):
    """The Location of a click, whether it has the click's token, and whether request values were cut or left out.

    `source` says where the target comes from: `program`, `code` or `deep_link`.
    """

    location: str
    has_token: bool
    is_cut: bool
    source: str


class ClickDraft(msgspec.Struct, frozen=True, kw_only=True):
    """The results of all steps, from which the click is recorded.

    `limit` names a limit that the click exceeded; `is_test`: it came from a signed test link; `steps_us` holds
    microseconds by step.
    """

    found: Found
    limit: str | None
    is_test: bool
    click_id: str
    now_ms: int
    privacy: Privacy
    visitor: Visitor
    set_cookie: str | None
    parameters: Parameters
    target: ResolvedTarget
    steps_us: dict[str, int]
