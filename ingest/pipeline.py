"""The steps from request to answer, each a pure function of what the ones before it gave.

`redirect` calls them in the order of the hot path and reads the clock in between; `record` writes down what they made.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

import msgspec
from multidict import CIMultiDictProxy

from identity.cookie import CookieClaims, CookieKeys, open_cookies, seal_cookie
from identity.cookie_header import ProgramCookie, describe_cookie, set_cookie
from identity.ip import IpHashKeys, IpSealKeys
from identity.keys import KeyRing
from identity.token import TokenKeys, make_token
from identity.verification import VerificationError
from ingest.http.response import REDIRECT_CAP, room_for_location
from ingest.request.context import ResolvedTarget, Visitor
from ingest.request.parameters import Parameters
from ingest.request.request import asks_dnt, asks_gpc
from ingest.target.fitting import fit_location
from ingest.target.macros import encode_value
from ingest.target.query_passthrough import NOTHING, pass_on
from ingest.target.target_plan import plan_visit, write_location
from referrals.lookup.answers import Found
from referrals.model import Program
from schemas import Privacy

DAY_S: Final = 86_400
DEFAULT_ROOM: Final = room_for_location(REDIRECT_CAP)
WITHOUT_COOKIE: Final = Visitor("absent", None)


class Keys(msgspec.Struct, frozen=True):
    """The key ring, made ready for use once per ring."""

    cookie: CookieKeys
    token: TokenKeys
    ip_seal: IpSealKeys
    ip_hash: IpHashKeys


def ready_keys(ring: KeyRing) -> Keys:
    return Keys(CookieKeys(ring), TokenKeys(ring), IpSealKeys(ring), IpHashKeys(ring))


def decide_privacy(program: Program, headers: CIMultiDictProxy[str]) -> Privacy:
    """Decide, by the program's policy, what may be kept of a visitor whose browser sends these signals."""
    gpc, dnt = asks_gpc(headers), asks_dnt(headers)
    return Privacy(gpc=gpc, dnt=dnt, decision=program.decide_privacy(gpc=gpc, dnt=dnt))


def cookie_of(program: Program, *, https: bool) -> ProgramCookie:
    return program_cookie(program.id, program.cookie_window_days, program.cookie_domain, https)


@lru_cache(maxsize=4096)
def program_cookie(program_id: str, window_days: int, domain: str | None, https: bool) -> ProgramCookie:  # noqa: FBT001 - lru_cache is quickest with positional arguments
    return describe_cookie(program_id, window_days * DAY_S, https=https, domain=domain)


def read_cookie(keys: Keys, cookie: ProgramCookie, lines: Sequence[str], now_s: int) -> Visitor:
    """Open the visitor's cookie, if there is one. A cookie that is not believed makes a new visitor, with a reason."""
    opened = open_cookies(keys.cookie, cookie.name, lines, now_s)
    if opened is None:
        return WITHOUT_COOKIE
    return Visitor(opened.reason, None) if isinstance(opened, VerificationError) else Visitor("valid", opened.click_id)


def make_set_cookie(keys: Keys, cookie: ProgramCookie, claims: CookieClaims, nonce: bytes) -> str:
    """Give the Set-Cookie header that ties the visitor to a click."""
    return set_cookie(cookie, seal_cookie(keys.cookie, cookie.name, claims, nonce))


def keeps_cookie(program: Program, visitor: Visitor) -> bool:
    """Tell whether a visitor keeps the cookie that came with the request: the first click counts, and none is set."""
    return program.cookie_policy == "first" and visitor.cookie_state == "valid"


def build_location(
    keys: Keys, found: Found, click_id: str, parameters: Parameters, query: str = "", room: int = DEFAULT_ROOM
) -> ResolvedTarget:
    """Aim at the target of the code, or of its program, with all that the program's settings add to it.

    `room` is how long the Location may be; what of a visitor's does not fit is left out.
    """
    plan = plan_visit(found.target_url, found.program, query)
    source = "deep_link" if plan.is_deep_link else found.target_source
    passed = pass_on(query, plan.passing) if query and plan.passing else NOTHING
    if plan.fixed is not None and not passed.parameters:
        return ResolvedTarget(plan.fixed, carries_token=False, is_cut=passed.is_cut, source=source)
    token = make_token(keys.token, click_id) if plan.carries_token else None
    # Neither id nor token has anything in it that needs encoding.
    values = {"click_id": click_id, "click_token": token or ""}
    if plan.names_referral:
        # What is ours stands last: no parameter poses as it.
        values = {**name_values(found, parameters), **values}
    location = write_location(plan, values, token, passed.parameters)
    if len(location) <= room:
        return ResolvedTarget(location, plan.carries_token, passed.is_cut, source)
    location = fit_location(plan, values, token, passed.parameters, room)
    return ResolvedTarget(location, plan.carries_token, is_cut=True, source=source)


def build_location_without_click(
    url: str, found: Found, parameters: Parameters, query: str = "", room: int = DEFAULT_ROOM
) -> str:
    """Give the Location of a request that makes no click: there is neither id nor token in it.

    While something is paused no page but `url` is given, whatever is asked for.
    """
    plan = plan_visit(url, found.program, "" if found.inactive_kind else query)
    passed = pass_on(query, plan.passing) if query and plan.passing else NOTHING
    values = name_values(found, parameters)
    location = write_location(plan, values, None, passed.parameters)
    return location if len(location) <= room else fit_location(plan, values, None, passed.parameters, room)


def name_values(found: Found, parameters: Parameters) -> Mapping[str, str]:
    values = {
        **parameters.subs,
        "code": found.code.code,
        "affiliate_id": found.affiliate.id,
        "program_id": found.program.id,
    }
    return {name: encode_value(value) for name, value in values.items()}
