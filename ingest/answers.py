"""What a visitor gets: a redirect, or a refusal by its number. Pure."""

import msgspec

from ingest.http.response import RETRY_AFTER_S, Response, page, redirect_to
from ingest.limits.policy import Refuse, Skip
from ingest.pipeline import DEFAULT_ROOM, build_location_without_click
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
    """A request that is not counted as a click: its reason, and what the visitor gets instead."""

    reason: Reason
    status: int
    location: str | None = None
    found: Found | None = None
    retry_after_s: int = RETRY_AFTER_S


def refuse_code(reason: Reason, fallback_url: str | None) -> Refusal:
    return Refusal(reason, 302, fallback_url) if fallback_url else Refusal(reason, 404)


def refuse_prefetch(known: Answer | None) -> Refusal:
    """Refuse a prefetch; `known` is what is known of its code in memory, for the record: nobody is asked."""
    # 503 and not 204 or 302: a browser that prefetched anything else would not ask again when the visitor goes.
    return Refusal(REFUSED_PREFETCH, 503, found=known if isinstance(known, Found) else None)


def resolve_answer(answer: Answer, query: str, fallback_url: str | None, room: int = DEFAULT_ROOM) -> Found | Refusal:
    """Tell what a lookup means for the visitor: an active referral, or a refusal. `room` is how long a Location is."""
    match answer:
        case Found():
            return refuse_paused(answer, answer.inactive_kind, query, room) if answer.inactive_kind else answer
        case Unknown():
            return refuse_code(UNKNOWN_CODE, fallback_url)
        case Unavailable():
            return Refusal(STORES_AWAY, 302, fallback_url) if fallback_url else Refusal(STORES_AWAY, 503)


def refuse_over_limit(outcome: Skip | Refuse, found: Found, query: str, room: int = DEFAULT_ROOM) -> Refusal:
    """Give what a visitor over a limit gets by the program's policy: where the link leads without a click, or 429."""
    if isinstance(outcome, Refuse):
        return Refusal(outcome.reason, 429, None, found, outcome.retry_after_s)
    location = build_location_without_click(found.target_url, found, read_parameters(query), query, room)
    return Refusal(outcome.reason, 302, location, found)


def refuse_lookup(outcome: Refuse) -> Refusal:
    """Give what a visitor gets of whose code nothing is known, because nobody was asked for it."""
    return Refusal(outcome.reason, 429, retry_after_s=outcome.retry_after_s)


def refuse_paused(found: Found, paused: Kind, query: str, room: int) -> Refusal:
    location = build_location_without_click(found.fallback_url, found, read_parameters(query), query, room)
    return Refusal(found.reason_for(paused), 302, location, found)


def respond(refusal: Refusal) -> Response:
    if refusal.location is not None:
        return redirect_to(refusal.location)
    return page(refusal.status, refusal.retry_after_s)
