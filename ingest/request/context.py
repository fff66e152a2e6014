"""What the steps of the hot path hand on: the request as seen, and what was made of it. Frozen, no behaviour."""

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


class RequestContext(msgspec.Struct, frozen=True):
    """A request for a link: `path` and `query` as sent, the client's address, whether it comes ahead of the visitor.

    `times` are those of the hot path so far, in nanoseconds: started, and then as each step ended.
    """

    path: str
    query: str
    headers: CIMultiDictProxy[str]
    address: Address
    ahead: bool
    times: tuple[int, ...]


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


class ClickDraft(msgspec.Struct, frozen=True):
    """What the steps made of a visit.

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
    aim: ResolvedTarget
    steps_us: dict[str, int]
