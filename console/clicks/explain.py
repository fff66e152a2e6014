"""Explains one click: each decision in order, as a sentence with its reason. Pure."""

from collections.abc import Callable
from typing import Final
from urllib.parse import unquote

from console.clicks.events import ClickOrRejection, Decision, Tone
from console.clicks.quality import explain_network, explain_score, explain_uniqueness
from console.web.text import humanize, join
from console.web.times import describe_duration, microseconds_between
from schemas import EnrichedClick
from schemas.reasons import REASONS, TRACES, advise
from storage.read.records import StoredClick, StoredRejection
from storage.read.scores import Verdict
from urls.queries import split_url

CACHES: Final = {
    "process": "the process's own memory",
    "redis": "Redis",
    "postgres": "PostgreSQL",
}
COOKIES: Final = {
    "absent": "The visitor brought no cookie of this program.",
    "valid": "The visitor's cookie was genuine and in time.",
    "malformed": "The visitor's cookie was damaged, and was ignored.",
    "unknown_key": "The visitor's cookie names a key this installation never had, and was ignored.",
    "destroyed_key": "The visitor's cookie was sealed with a key that has been destroyed.",
    "forged": "The visitor's cookie was not made here, and was ignored.",
    "wrong_program": "The visitor's cookie was made for another program, and was ignored.",
    "from_future": "The visitor's cookie was issued in the future: a clock is wrong.",
    "expired": "The visitor's cookie was genuine, but its window was over.",
}
SOURCES: Final = {
    "program": "the program's target",
    "code": "the code's own target",
    "deep_link": "the page that the visitor chose by ?url=",
}
LIMITED: Final = {"client": "one address (R301)", "code": "the code (R302)"}
PAGE: Final = "url="
NOTICE: Final[Tone] = "notice"
REJECTED: Final[Tone] = "rejected"
HARMLESS: Final = ("absent", "valid", "expired")
NOT_COUNTED: Final = Decision(
    "Test", "A signed test link was followed: redirected like any click, but counted in no total.", "test"
)
PLACES: Final = {
    "not_found": "The city database does not know the address.",
    "no_database": "There is no city database, so the place is not known.",
    "bad_database": "The city database is damaged, so the place is not known.",
    "no_address": "There was no address to look up.",
}


def explain(event: ClickOrRejection, verdict: Verdict | None = None) -> tuple[Decision, ...]:
    """List the decisions on a click or a rejection, first to last. `verdict` is what the tables say of the click."""
    if isinstance(event, StoredRejection):
        return explain_rejection(event)
    counted = (NOT_COUNTED,) if event.click.is_test else ()
    taken = (step(event.click) for step in STEPS)
    worth = (explain_uniqueness(event.click, verdict), explain_score(event.click, verdict))
    return (*counted, *(decision for decision in taken if decision is not None), *worth, explain_row(event))


def explain_rejection(stored: StoredRejection) -> tuple[Decision, ...]:
    rejection = stored.rejection
    reason = REASONS.get(rejection.reason)
    meaning = reason.meaning if reason else "This version of the console does not know this number."
    who, tone = ("program that asked", NOTICE) if rejection.reason in TRACES else ("visitor", REJECTED)
    answer = f"The {who} got {rejection.status}. No cookie was set, and no click was counted."
    decisions = (Decision(rejection.reason, meaning, tone), Decision("Answer", answer, tone))
    if reason is None:
        return decisions
    remedy = advise(reason, code=rejection.asked, affiliate_id=rejection.affiliate_id, program_id=rejection.program_id)
    return (*decisions, Decision("What to do", remedy, "notice"))


def explain_lookup(click: EnrichedClick) -> Decision:
    layer = CACHES.get(click.handled.cache or "", "a layer that was not named")
    return Decision("Code", f"Active, for {click.affiliate_id} in {click.program_id}; answered from {layer}.")


def explain_privacy(click: EnrichedClick) -> Decision:
    privacy = click.privacy
    signals = join("GPC" if privacy.gpc else None, "DNT" if privacy.dnt else None, separator=" and ")
    asked = f"The browser sent {signals}" if signals else "The browser sent no privacy signal"
    kept = {
        "full": "cookie and hashed address were allowed",
        "no_cookie": "no cookie was set",
        "anonymous": "no cookie was set, and of the address only its country was kept",
    }
    return Decision("Privacy", f"{asked}; by the program's policy, {kept.get(privacy.decision, privacy.decision)}.")


def explain_cookie(click: EnrichedClick) -> Decision:
    state = click.cookie_state
    key_id = click.handled.key_ids.cookie
    made = f"A new one was sealed with key {key_id}." if key_id else "No new one was set."
    sentence = COOKIES.get(state, f"The visitor's cookie was {humanize(state)}.")
    return Decision("Cookie", f"{sentence} {made}", "accepted" if state in HARMLESS else "bot")


def explain_answer(click: EnrichedClick) -> Decision:
    took = click.handled.steps_us.get("total")
    after = f", after {describe_duration(took)}" if took is not None else ""
    host = click.target_url.partition("://")[2].partition("/")[0].partition("?")[0].partition("#")[0]
    return Decision("Answer", f"302 to {host}, {describe_source(click)}{after}.")


def describe_source(click: EnrichedClick) -> str:
    """Say whose target the visitor was sent to. Clicks before contract 1.3 do not store it: then name both."""
    if click.target_source is not None:
        return SOURCES.get(click.target_source, f"a target of an unknown kind ({humanize(click.target_source)})")
    return SOURCES["deep_link"] if chose_page(click) else "the target of the code or its program"


def chose_page(click: EnrichedClick) -> bool:
    """Tell whether the visitor was sent to the page requested by `?url=`, judging by request and Location."""
    asked = next((piece[len(PAGE) :] for piece in click.query.split("&") if piece.startswith(PAGE)), None)
    if asked is None:
        return False
    return unquote(split_url(unquote(asked)).page) == unquote(split_url(click.target_url).page)


def explain_limit(click: EnrichedClick) -> Decision | None:
    """Name the exceeded limit; null if there is none."""
    if click.limit is None:
        return None
    whose = LIMITED.get(click.limit, f"a limit ({humanize(click.limit)})")
    return Decision("Limit", f"Over the limit of {whose}. By the program's policy (flag) it still counts.", "bot")


def explain_prefetch(click: EnrichedClick) -> Decision | None:
    """Say that this was a prefetch; null if it was not."""
    if not click.prefetch:
        return None
    told = "The browser fetched the link before the visitor clicked (prefetch): recorded by CLICKRAIL_INGEST_PREFETCH"
    return Decision("Prefetch", f"{told}, without a cookie, and not counted as a person.", "notice")


def explain_truncation(click: EnrichedClick) -> Decision | None:
    """Name the fields that were cut; null if none was."""
    if not click.truncated:
        return None
    return Decision("Cut", f"Too long, stored only in part: {', '.join(click.truncated)}.", "bot")


def explain_address(click: EnrichedClick) -> Decision:
    if click.ip_hash is None:
        return Decision("Address", "Not kept, not even as a hash.")
    return Decision("Address", f"Kept as a keyed hash only (key {click.ip_hash_key_id}).")


def explain_place(click: EnrichedClick) -> Decision:
    geo = click.geo
    if geo.status == "found":
        place = join(geo.city, geo.region, geo.country, separator=", ")
        return Decision("Place", f"{place}, by {geo.database or 'the city database'}.")
    tone: Tone = "bot" if geo.status == "bad_database" else "accepted"
    return Decision("Place", PLACES.get(geo.status, humanize(geo.status)), tone)


def explain_referrer(click: EnrichedClick) -> Decision:
    referrer = click.referrer
    if referrer.medium == "direct":
        return Decision("Referrer", "None was sent: a direct visit, or a page that hides where it links to.")
    return Decision("Referrer", f"{humanize(referrer.medium).capitalize()}: {referrer.source or referrer.host or '?'}.")


def explain_bot(click: EnrichedClick) -> Decision:
    rules = f" (rules {click.bot.rules})" if click.bot.rules else ""
    if click.bot.kind == "app_fetch":
        return Decision("Automation", f"A program of a device fetched the link without showing it{rules}.", "notice")
    if not click.bot.is_bot:
        return Decision("Automation", f"The user agent names no bot{rules}.")
    reasons = join(*map(humanize, click.bot.reasons), separator=", ") or "no reason was given"
    return Decision("Automation", f"Counted among bots: {reasons}{rules}.", "bot")


def explain_row(stored: StoredClick) -> Decision:
    if stored.stored_at is None:
        return Decision("Stored", "Not in the table yet: Kafka has it, and the sink is about to write it.", "notice")
    took = describe_duration(microseconds_between(stored.click.clicked_at, stored.stored_at))
    return Decision("Stored", f"In the table {took} after the visitor's click.")


STEPS: Final[tuple[Callable[[EnrichedClick], Decision | None], ...]] = (
    explain_prefetch,
    explain_lookup,
    explain_limit,
    explain_privacy,
    explain_cookie,
    explain_answer,
    explain_truncation,
    explain_address,
    explain_place,
    explain_referrer,
    explain_network,
    explain_bot,
)
