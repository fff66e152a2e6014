"""What a visitor gets: a redirect, or a refusal by its number. Pure."""

from collections.abc import Mapping
from typing import Final

import msgspec
from aiohttp import hdrs, web

from ingest.limits.policy import Refuse, Skip
from ingest.parameters import read_parameters
from ingest.redirection import Redirection
from ingest.transform import aim_without_click
from referrals.answers import Answer, Found, Paused, Unavailable, Unknown
from schemas.reasons import (
    PAUSED_AFFILIATE,
    PAUSED_CODE,
    PAUSED_PROGRAM,
    REFUSED_PREFETCH,
    STORES_AWAY,
    UNKNOWN_CODE,
    Reason,
)

NO_STORE: Final = "no-store"
RETRY_AFTER_S: Final = 5
REASON_OF_PAUSE: Final[Mapping[Paused, Reason]] = {
    "code": PAUSED_CODE,
    "affiliate": PAUSED_AFFILIATE,
    "program": PAUSED_PROGRAM,
}
PAGE: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>{title}</title><style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;"
    "padding:0 1rem}}</style><h1>{title}</h1><p>{text}</p></html>"
)
PAGES: Final = {
    404: PAGE.format(title="Link not found", text="This link leads nowhere. Please check it for typing errors."),
    405: PAGE.format(title="Method not allowed", text="Links are followed with GET."),
    429: PAGE.format(title="Too many requests", text="This link was followed too often. Please wait a moment."),
    503: PAGE.format(title="One moment", text="This link cannot be followed right now. Please try again shortly."),
}


class Refusal(msgspec.Struct, frozen=True):
    """A request that is not counted as a click: its reason, and what the visitor gets instead."""

    reason: Reason
    status: int
    location: str | None = None
    found: Found | None = None
    retry_after_s: int = RETRY_AFTER_S


def refuse_code(reason: Reason, fallback_url: str | None) -> Refusal:
    return Refusal(reason, 302, fallback_url) if fallback_url else Refusal(reason, 404)


def refuse_ahead() -> Refusal:
    # 503 and not 204 or 302: a browser that prefetched anything else would not ask again when the visitor goes.
    return Refusal(REFUSED_PREFETCH, 503)


def judge(answer: Answer, query: str, fallback_url: str | None) -> Found | Refusal:
    """Tell what a lookup means for the visitor: an active referral, or a refusal."""
    match answer:
        case Found():
            return refuse_paused(answer, answer.paused, query) if answer.paused else answer
        case Unknown():
            return refuse_code(UNKNOWN_CODE, fallback_url)
        case Unavailable():
            return Refusal(STORES_AWAY, 302, fallback_url) if fallback_url else Refusal(STORES_AWAY, 503)


def refuse_over_limit(outcome: Skip | Refuse, found: Found, query: str) -> Refusal:
    """Give what a visitor over a limit gets by the program's policy: where the link leads without a click, or 429."""
    if isinstance(outcome, Refuse):
        return Refusal(outcome.reason, 429, None, found, outcome.retry_after_s)
    location = aim_without_click(found.target_url, found, read_parameters(query))
    return Refusal(outcome.reason, 302, location, found)


def refuse_paused(found: Found, paused: Paused, query: str) -> Refusal:
    location = aim_without_click(found.fallback_url, found, read_parameters(query))
    return Refusal(REASON_OF_PAUSE[paused], 302, location, found)


def page(status: int, retry_after_s: int = RETRY_AFTER_S) -> web.Response:
    headers: dict[str, str] = {hdrs.CACHE_CONTROL: NO_STORE}
    if status in (429, 503):
        headers[hdrs.RETRY_AFTER] = str(retry_after_s)
    if status == 405:  # noqa: PLR2004 - the status itself
        headers[hdrs.ALLOW] = "GET, HEAD"
    return web.Response(status=status, headers=headers, text=PAGES[status], content_type="text/html")


def respond(refusal: Refusal) -> web.StreamResponse:
    if refusal.location is not None:
        return Redirection(refusal.location)
    return page(refusal.status, refusal.retry_after_s)
