"""The signals: each looks at one click's facts and gives its evidence, or nothing. Pure.

Definitions, weights and their dangers are in docs/quality.md. Facts that were not judged are null and are no evidence.
"""

from collections.abc import Callable
from typing import Final

from quality.agents import read_claim, sends_fetch, sends_hints
from quality.evidence import Evidence, LaterEvidence
from quality.rate_signals import Found, Values, find_client_rate, find_duplicate, find_network_rate
from schemas import Guards, Signal

ENTERPRISE_CHROME: Final = 109
"""The last Chrome for Windows 7 and 8: people who keep those systems cannot have a newer one."""
SAME_SYSTEM: Final = frozenset({("Android", "Linux"), ("Chrome OS", "Linux"), ("Chromium OS", "Chrome OS")})
"""Hint and user agent that differ without a contradiction: a phone in desktop mode, a Chromebook."""


def find_declared(click: Evidence, values: Values) -> Found:
    if not click.bot.reasons:
        return None
    return Signal(name="declared_bot", weight=values["declared_bot_weight"], detail=click.bot.reasons[0])


def find_odd_user_agent(click: Evidence, values: Values) -> Found:
    length, weight = len(click.user_agent or ""), values["odd_user_agent_weight"]
    shortest, longest = values["odd_user_agent_limit_shortest"], values["odd_user_agent_limit_longest"]
    if length < shortest:
        return Signal(name="odd_user_agent", weight=weight, value=float(length), limit=shortest)
    if length > longest and not read_claim(click.user_agent).is_in_app:
        return Signal(name="odd_user_agent", weight=weight, value=float(length), limit=longest)
    return None


def find_prefetch(click: Evidence, values: Values) -> Found:
    return Signal(name="prefetch", weight=values["prefetch_weight"]) if click.prefetch else None


def find_network_kind(click: Evidence, values: Values) -> Found:
    network = click.network
    match network.kind:
        case "hosting":
            return Signal(name="hosting_network", weight=values["hosting_network_weight"], detail=network.org)
        case "tor":
            return Signal(name="tor_exit", weight=values["tor_exit_weight"])
        case "vpn":
            return Signal(name="vpn_network", weight=values["vpn_network_weight"], detail=network.provider)
        case "mail_security":
            ending = "_probable" if network.certainty == "probable" else ""
            weight = values[f"mail_security_network_weight{ending}"]
            return Signal(name="mail_security_network", weight=weight, detail=network.provider)
        case _:
            return None


def find_missing_language(click: Evidence, values: Values) -> Found:
    if click.accept_language:
        return None
    claim = read_claim(click.user_agent)
    if claim.engine is None or claim.is_in_app or not is_usual(click.guards, click.guards.accept_language, values):
        return None
    return Signal(name="no_accept_language", weight=values["no_accept_language_weight"])


def find_hint_contradiction(click: Evidence, values: Values) -> Found:
    hints = click.client_hints
    if hints is None:
        return None
    weight = values["hints_contradict_weight"]
    if hints.ua is not None and "HeadlessChrome" in hints.ua:
        return Signal(name="hints_contradict", weight=weight, detail="HeadlessChrome")
    claimed, hinted = read_claim(click.user_agent).system, (hints.platform or "").strip('" ')
    if claimed is None or hinted in ("", "Unknown") or hinted == claimed or (hinted, claimed) in SAME_SYSTEM:
        return None
    return Signal(name="hints_contradict", weight=weight, detail=f"{hinted[:40]}, not {claimed}")


def find_missing_hints(click: Evidence, values: Values) -> Found:
    if click.client_hints is not None and click.client_hints.ua:
        return None
    claim = read_claim(click.user_agent)
    if not sends_hints(claim) or claim.is_in_app or not is_usual(click.guards, click.guards.client_hints, values):
        return None
    return Signal(name="hints_missing", weight=values["hints_missing_weight"])


def find_other_fetch(click: Evidence, values: Values) -> Found:
    """Evidence that no page was opened: the link was loaded as a picture or by a script, or by no browser."""
    mode = click.fetch.mode if click.fetch else None
    if mode == "navigate":
        return None
    if mode is not None:
        return Signal(name="not_a_navigation", weight=values["not_a_navigation_weight"], detail=mode[:40])
    claim = read_claim(click.user_agent)
    if not sends_fetch(claim) or claim.is_in_app or not is_usual(click.guards, click.guards.fetch, values):
        return None
    weight = values["not_a_navigation_weight"]
    return Signal(name="not_a_navigation", weight=weight, detail="no Sec-Fetch headers")


def find_stale_browser(click: Evidence, values: Values) -> Found:
    newest, limit = click.guards.newest_chrome, values["stale_browser_limit"]
    if newest is None or click.device.type != "desktop":
        return None
    claim = read_claim(click.user_agent)
    if claim.engine != "chromium" or claim.is_in_app or claim.version == ENTERPRISE_CHROME:
        return None
    behind = float(newest - claim.version)
    if behind <= limit:
        return None
    return Signal(name="stale_browser", weight=values["stale_browser_weight"], value=behind, limit=limit)


def find_twin(_: Evidence, values: Values, later: LaterEvidence) -> Found:
    if later.twin is None:
        return None
    return Signal(name="twin_click", weight=values["twin_click_weight"], detail=later.twin)


def find_rhythm(_: Evidence, values: Values, later: LaterEvidence) -> Found:
    rhythm, limit = later.rhythm, values["machine_rhythm_limit"]
    if rhythm is None or rhythm >= limit or later.rhythm_clicks < values["machine_rhythm_limit_clicks"]:
        return None
    return Signal(name="machine_rhythm", weight=values["machine_rhythm_weight"], value=rhythm, limit=limit)


def find_wide_client(_: Evidence, values: Values, later: LaterEvidence) -> Found:
    limit = values["wide_client_limit"]
    if later.affiliates < limit:
        return None
    return Signal(name="wide_client", weight=values["wide_client_weight"], value=float(later.affiliates), limit=limit)


def is_usual(guards: Guards, carried: int | None, values: Values) -> bool:
    """Guard A: tell whether clicks on this host that claim Chrome usually carry a header. A proxy may strip it."""
    if carried is None or guards.chrome is None or guards.chrome < values["guard_limit_clicks"]:
        return False
    return carried >= guards.chrome * values["guard_limit_share"]


SIGNALS: Final[tuple[Callable[[Evidence, Values], Found], ...]] = (
    find_declared,
    find_odd_user_agent,
    find_prefetch,
    find_network_kind,
    find_missing_language,
    find_hint_contradiction,
    find_missing_hints,
    find_other_fetch,
    find_stale_browser,
    find_duplicate,
    find_client_rate,
    find_network_rate,
)
LATER_SIGNALS: Final[tuple[Callable[[Evidence, Values, LaterEvidence], Found], ...]] = (
    find_twin,
    find_rhythm,
    find_wide_client,
)
"""Signals that only later clicks can show. A sweep shows in the live counts, too."""
GENERAL: Final = frozenset(
    {
        "declared_bot",
        "odd_user_agent",
        "prefetch",
        "hosting_network",
        "tor_exit",
        "vpn_network",
        "mail_security_network",
    }
)
"""Evidence by declarations and lists (general invalid traffic). All other evidence is of behaviour (sophisticated)."""
RATES: Final = frozenset({"duplicate_click", "client_rate", "network_rate"})
"""Counts alone: together they weigh no more than `rate_cap_weight`, so that a second kind of evidence is needed."""
