"""The steps of a click: each is a pure function of the results of earlier steps.

`click_recorder` calls them in this order and reads the clock in between; `record` makes the record from their results.
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
from identity.ulid import ulid_milliseconds
from identity.verification import VerificationError
from ingest.http.response import REDIRECT_CAP, compute_location_cap
from ingest.request.context import ResolvedTarget, Visitor
from ingest.request.parameters import Parameters
from ingest.request.signals import DNT, SEC_GPC, has_dnt, has_gpc
from ingest.target.fitting import fit_location
from ingest.target.macros import encode_value
from ingest.target.query_passthrough import NOTHING_PASSED, pass_parameters
from ingest.target.target_plan import plan_location, write_location
from referrals.lookup.answers import Found
from referrals.model import STRICTNESS, Program
from schemas import Privacy

DAY_S: Final = 86_400
DEFAULT_LOCATION_CAP: Final = compute_location_cap(REDIRECT_CAP)
WITHOUT_SIGNALS: Final = {policy: Privacy(gpc=False, dnt=False, decision=policy) for policy in STRICTNESS}
NO_COOKIE: Final = Visitor("absent", None)


class Keys(msgspec.Struct, frozen=True):
    """The keys of one key ring, prepared once."""

    cookie: CookieKeys
    token: TokenKeys
    ip_seal: IpSealKeys
    ip_hash: IpHashKeys


def prepare_keys(ring: KeyRing) -> Keys:
    return Keys(CookieKeys(ring), TokenKeys(ring), IpSealKeys(ring), IpHashKeys(ring))


def decide_privacy(program: Program, headers: CIMultiDictProxy[str]) -> Privacy:
    """Decide by the program's policy what may be recorded about a visitor whose browser sends these signals."""
    if SEC_GPC not in headers and DNT not in headers:
        return WITHOUT_SIGNALS[program.privacy]
    gpc, dnt = has_gpc(headers), has_dnt(headers)
    return Privacy(gpc=gpc, dnt=dnt, decision=program.decide_privacy(gpc=gpc, dnt=dnt))


def make_program_cookie(program: Program, *, https: bool) -> ProgramCookie:
    return make_cookie_cached(program.id, program.cookie_window_days, program.cookie_domain, https)


@lru_cache(maxsize=4096)
def make_cookie_cached(program_id: str, window_days: int, domain: str | None, https: bool) -> ProgramCookie:  # noqa: FBT001 - lru_cache is quickest with positional arguments
    return describe_cookie(program_id, window_days * DAY_S, https=https, domain=domain)


def read_cookie(keys: Keys, cookie: ProgramCookie, lines: Sequence[str], now_s: int) -> Visitor:
    """Verify the visitor's cookie, if there is one. An invalid cookie makes a new visitor, with the reason."""
    opened = open_cookies(keys.cookie, cookie.name, lines, now_s)
    if opened is None:
        return NO_COOKIE
    return Visitor(opened.reason, None) if isinstance(opened, VerificationError) else Visitor("valid", opened)


def choose_lease(program: Program, visitor: Visitor, click_id: str, now_ms: int) -> str:
    """Choose the click that opens the visitor's unique window: the cookie's while that window lasts, else this one."""
    lease = visitor.cookie.lease_click_id if visitor.cookie else None
    if lease is not None and now_ms - ulid_milliseconds(lease) < program.unique_window_s * 1000:
        return lease
    return click_id


def choose_claims(program: Program, visitor: Visitor, new: CookieClaims) -> CookieClaims | None:
    """Choose the claims of the cookie that a click sets: `new`; null when the visitor keeps their cookie as it is.

    Where the program counts the first click, a valid cookie keeps its click and times, and only its lease is renewed.
    """
    kept = visitor.cookie if program.cookie_policy == "first" else None
    if kept is None:
        return new
    if kept.lease_click_id == new.lease_click_id:
        return None
    return CookieClaims(
        kept.click_id, kept.affiliate_id, kept.program_id, kept.issued_at, kept.expires_at, new.lease_click_id
    )


def make_set_cookie(keys: Keys, cookie: ProgramCookie, claims: CookieClaims, nonce: bytes, now_s: int) -> str:
    """Make the Set-Cookie header that ties the visitor to a click. The browser drops the cookie when it expires."""
    return set_cookie(cookie, seal_cookie(keys.cookie, cookie.name, claims, nonce), claims.expires_at - now_s)


def build_location(
    keys: Keys,
    found: Found,
    click_id: str,
    parameters: Parameters,
    query: str = "",
    location_cap: int = DEFAULT_LOCATION_CAP,
) -> ResolvedTarget:
    """Build the Location of a click: the target of the code or its program, macros filled, parameters added.

    `location_cap` is its maximum length. Values that came with the request are shortened or left out to fit.
    """
    plan = plan_location(found.target_url, found.program, query)
    source = "deep_link" if plan.is_deep_link else found.target_source
    passed = pass_parameters(query, plan.passthrough) if query and plan.passthrough else NOTHING_PASSED
    if plan.fixed is not None and not passed.parameters:
        return ResolvedTarget(plan.fixed, has_token=False, is_cut=passed.is_cut, source=source)
    token = make_token(keys.token, click_id, found.program.id) if plan.has_token else None
    # Id and token need no encoding.
    values = {"click_id": click_id, "click_token": token or ""}
    if plan.has_referral_macros:
        # Our own values come last, so that no parameter can replace them.
        values = {**make_macro_values(found, parameters), **values}
    location = write_location(plan, values, token, passed.parameters)
    if len(location) <= location_cap:
        return ResolvedTarget(location, plan.has_token, passed.is_cut, source)
    location = fit_location(plan, values, token, passed.parameters, location_cap)
    return ResolvedTarget(location, plan.has_token, is_cut=True, source=source)


def build_location_without_click(
    url: str, found: Found, parameters: Parameters, query: str = "", location_cap: int = DEFAULT_LOCATION_CAP
) -> str:
    """Build the Location of a request that makes no click: without click id and token.

    While the referral is paused, a page requested by `?url=` is ignored.
    """
    plan = plan_location(url, found.program, "" if found.inactive_kind else query)
    passed = pass_parameters(query, plan.passthrough) if query and plan.passthrough else NOTHING_PASSED
    values = make_macro_values(found, parameters)
    location = write_location(plan, values, None, passed.parameters)
    return (
        location if len(location) <= location_cap else fit_location(plan, values, None, passed.parameters, location_cap)
    )


def make_macro_values(found: Found, parameters: Parameters) -> Mapping[str, str]:
    values = {
        **parameters.subs,
        "code": found.code.code,
        "affiliate_id": found.affiliate.id,
        "program_id": found.program.id,
    }
    return {name: encode_value(value) for name, value in values.items()}
