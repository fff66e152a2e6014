"""Which signals could not be judged on a click, and why. Pure."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from quality.agents import read_claim
from quality.rules import DEFAULT_RULES, Rules, override
from quality.score import LIVE
from quality.signals import find_missing_hints, find_missing_language, find_other_fetch, is_shared
from quality.wording import TEXTS
from schemas import EnrichedClick, Guards

OF_NETWORKS: Final = ("hosting_network", "tor_exit", "vpn_network", "mail_security_network")
OF_COUNTS: Final = ("duplicate_click", "client_rate", "network_rate", "link_sweep")
OF_LATER_CLICKS: Final = ("twin_click", "machine_rhythm", "wide_client")

REASONS: Final[Mapping[str, str]] = {
    "no_store": "Redis was away when the click was enriched",
    "late": "the click was published more than ten minutes after it happened",
    "anonymous": "the click is anonymous: of its address only the country is kept",
    "no_database": "there is no ASN database",
    "bad_database": "the ASN database is damaged",
    "no_address": "there was no address to look up",
    "not_judged": "the click was not counted with others: a test, a prefetch, a bot, or recorded by an older version",
}
NOT_SCORED: Final = "the click has no score: it was recorded by an older version"
SETTLED_LATER: Final = "they need the clicks after this one, and are judged when the click is settled, 15 minutes later"
SHARED: Final = "many people share the address"

EVERY_HEADER: Final = Guards(
    chrome=1_000_000, accept_language=1_000_000, client_hints=1_000_000, fetch=1_000_000, status="judged"
)


class Unjudged(msgspec.Struct, frozen=True):
    """Signals by name, and why they were not judged: a clause without a full stop."""

    signals: tuple[str, ...]
    why: str


def list_unjudged(click: EnrichedClick, stage: str | None, rules: Rules = DEFAULT_RULES) -> list[Unjudged]:
    """List the signals that might have been found, had more been known. `stage` is that of the score, null without one.

    The limits of guard A and B are those of `rules` and of the click's program.
    """
    if stage is None:
        return [Unjudged(tuple(TEXTS), NOT_SCORED)]
    values = override(rules, click.quality_rules).values
    return [
        *explain_facts(click),
        *explain_headers(click, values),
        *explain_newest_browser(click),
        *explain_shared(click, values),
        *([Unjudged(OF_LATER_CLICKS, SETTLED_LATER)] if stage == LIVE else []),
    ]


def explain_facts(click: EnrichedClick) -> Iterable[Unjudged]:
    if click.network.status in REASONS:
        yield Unjudged(OF_NETWORKS, REASONS[click.network.status])
    if click.counts.status in REASONS:
        yield Unjudged(OF_COUNTS, REASONS[click.counts.status])


def explain_headers(click: EnrichedClick, values: Mapping[str, float]) -> Iterable[Unjudged]:
    """Guard A: name the headers that are missing, but may have been stripped by a proxy."""
    guards = click.guards
    finders = (
        (find_missing_language, guards.accept_language),
        (find_missing_hints, guards.client_hints),
        (find_other_fetch, guards.fetch),
    )
    unguarded = msgspec.structs.replace(click, guards=EVERY_HEADER)
    for find, carried in finders:
        if (found := find(unguarded, values)) and find(click, values) is None:
            yield Unjudged((found.name,), explain_guard(guards, carried, values["guard_limit_clicks"]))


def explain_guard(guards: Guards, carried: int | None, enough: float) -> str:
    if guards.chrome is None or carried is None:
        return f"what other clicks on the host carry is not known ({REASONS.get(guards.status, guards.status)})"
    if guards.chrome < enough:
        return f"{guards.chrome:,} clicks on the host claimed Chrome in the last hour, and {enough:g} are needed"
    return f"{carried:,} of {guards.chrome:,} such clicks on the host carried the header, so a proxy may strip it"


def explain_newest_browser(click: EnrichedClick) -> Iterable[Unjudged]:
    claim = read_claim(click.user_agent)
    is_updated = claim.engine == "chromium" and click.device.type == "desktop" and not claim.is_in_app
    if is_updated and click.guards.newest_chrome is None:
        yield Unjudged(("stale_browser",), "the newest version of Chrome is not known yet")


def explain_shared(click: EnrichedClick, values: Mapping[str, float]) -> Iterable[Unjudged]:
    """Guard B: say that so many clicks are usual at a shared address."""
    if (click.counts.net_60s or 0) > values["network_rate_limit"] and is_shared(click, values):
        yield Unjudged(("network_rate",), SHARED)
