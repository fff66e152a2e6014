"""What the steps of the hot path hand on: the request as seen, when each step ended, and the click so far. Pure."""

from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

import msgspec
from multidict import CIMultiDictProxy

from identity.verification import Reason
from ingest.http.response import REDIRECT_CAP, room_for_location
from ingest.request.parameters import Parameters
from referrals.lookup.answers import Found
from runtime.client_address import TrustedProxies
from schemas import Privacy

Address = IPv4Address | IPv6Address


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """What stays the same for as long as the process lives. `process` is its ULID.

    `room` is how long a Location may be, together with the cookie that is set.
    """

    region: str
    process: str
    https: bool
    fallback_url: str | None
    refuses_prefetch: bool
    proxies: TrustedProxies
    raw_topic: str
    rejected_topic: str
    room: int = room_for_location(REDIRECT_CAP)


class StepTimes(msgspec.Struct):
    """When the hot path began, and when each of its steps ended, in nanoseconds of one clock; 0 where it has not."""

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
        """Name the whole microseconds of each step, in the order of the hot path, and their sum."""
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
    """A request for a link: `path` and `query` as sent, the client's address, and whether a browser only prefetches."""

    path: str
    query: str
    headers: CIMultiDictProxy[str]
    address: Address
    is_prefetch: bool
    times: StepTimes


class Visitor(msgspec.Struct, frozen=True):
    """What the visitor's cookie says: `valid`, `absent` or why it was not believed; and the click before this one."""

    cookie_state: Reason | str
    previous_click_id: str | None


class ResolvedTarget(NamedTuple):
    """Where a click leads: its Location, whether that carries the click's token, and whether anything was left out.

    `source` is whose target it is, as in the record: `program`, `code` or `deep_link`.
    """

    location: str
    carries_token: bool
    is_cut: bool
    source: str


class ClickDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What the steps found out about a click, to be recorded.

    `limit` names a limit it was over; `is_test`: by a signed test link; `steps_us` holds microseconds by step.
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
