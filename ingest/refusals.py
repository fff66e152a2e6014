"""Refused requests: the reason, and the response that the visitor gets. Pure."""

import msgspec

from ingest.http.response import RETRY_AFTER_S, Response, make_page, redirect_to
from ingest.limits.policy import Refuse, Skip
from ingest.pipeline import DEFAULT_LOCATION_CAP, build_location_without_click
from ingest.request.parameters import read_parameters
from referrals.lookup.answers import Answer, Found, Unavailable, Unknown
from referrals.model import Kind
from schemas.reasons import (
    REFUSED_PREFETCH,
    STORES_AWAY,
    UNKNOWN_CODE,
    Reason,
)


class Refusal(msgspec.Struct, frozen=True):
    """A request that is not a click: the reason, and the response instead. `method` is set where it was not GET."""

    reason: Reason
    status: int
    location: str | None = None
    found: Found | None = None
    retry_after_s: int = RETRY_AFTER_S
    method: str | None = None


def refuse_code(reason: Reason, fallback_url: str | None) -> Refusal:
    return Refusal(reason, 302, fallback_url) if fallback_url else Refusal(reason, 404)


def refuse_prefetch(known: Answer | None) -> Refusal:
    """Refuse a prefetch. `known` is the cached answer for its code, for the record; the stores are not asked."""
    # 503, not 204 or 302: a browser would use any other prefetched response when the visitor follows the link.
    return Refusal(REFUSED_PREFETCH, 503, found=known if isinstance(known, Found) else None)


def resolve_answer(
    answer: Answer, query: str, fallback_url: str | None, location_cap: int = DEFAULT_LOCATION_CAP
) -> Found | Refusal:
    """Turn the answer of a lookup into an active referral or a refusal. `location_cap` limits its Location."""
    match answer:
        case Found():
            return (
                refuse_inactive(answer, answer.inactive_kind, query, location_cap) if answer.inactive_kind else answer
            )
        case Unknown():
            return refuse_code(UNKNOWN_CODE, fallback_url)
        case Unavailable():
            return Refusal(STORES_AWAY, 302, fallback_url) if fallback_url else Refusal(STORES_AWAY, 503)


def refuse_over_limit(
    outcome: Skip | Refuse, found: Found, query: str, location_cap: int = DEFAULT_LOCATION_CAP
) -> Refusal:
    """Refuse a click over a limit by the program's policy: redirect without a click, or 429."""
    if isinstance(outcome, Refuse):
        return Refusal(outcome.reason, 429, None, found, outcome.retry_after_s)
    location = build_location_without_click(found.target_url, found, read_parameters(query), query, location_cap)
    return Refusal(outcome.reason, 302, location, found)


def refuse_lookup(outcome: Refuse) -> Refusal:
    """Refuse a request whose code is not cached and may not be looked up."""
    return Refusal(outcome.reason, 429, retry_after_s=outcome.retry_after_s)


def refuse_inactive(found: Found, kind: Kind, query: str, location_cap: int) -> Refusal:
    location = build_location_without_click(found.fallback_url, found, read_parameters(query), query, location_cap)
    return Refusal(found.reason_for(kind), 302, location, found)


def make_refusal_response(refusal: Refusal) -> Response:
    if refusal.location is not None:
        return redirect_to(refusal.location)
    return make_page(refusal.status, refusal.retry_after_s)
