"""Which signals could not be judged on a click, because their facts are missing, and why. Pure."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from quality.agents import read_claim
from quality.score import LIVE
from quality.wording import TEXTS
from schemas import EnrichedClick

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


class Unjudged(msgspec.Struct, frozen=True):
    """Signals by name, and why they were not judged: a clause without a full stop."""

    signals: tuple[str, ...]
    why: str


def list_unjudged(click: EnrichedClick, stage: str | None) -> list[Unjudged]:
    """List the signals that might have been found, had more been known. `stage` is that of the score, null without one.

    What a guard took off is in `quality.spared`.
    """
    if stage is None:
        return [Unjudged(tuple(TEXTS), NOT_SCORED)]
    return [
        *explain_facts(click),
        *explain_newest_browser(click),
        *([Unjudged(OF_LATER_CLICKS, SETTLED_LATER)] if stage == LIVE else []),
    ]


def explain_facts(click: EnrichedClick) -> Iterable[Unjudged]:
    if click.network.status in REASONS:
        yield Unjudged(OF_NETWORKS, REASONS[click.network.status])
    if click.counts.status in REASONS:
        yield Unjudged(OF_COUNTS, REASONS[click.counts.status])


def explain_newest_browser(click: EnrichedClick) -> Iterable[Unjudged]:
    claim = read_claim(click.user_agent)
    is_updated = claim.engine == "chromium" and click.device.type == "desktop" and not claim.is_in_app
    if is_updated and click.guards.newest_chrome is None:
        yield Unjudged(("stale_browser",), "the newest version of Chrome is not known yet")
