"""The signals: each looks at one click's facts and gives its evidence, or nothing. Pure.

Definitions, weights and their dangers are in docs/quality.md. Facts that were not judged are null and are no evidence.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from quality.agents import read_claim, sends_fetch, sends_hints
from quality.evidence import Evidence, LaterEvidence
from schemas import Guards, Signal

Values = Mapping[str, float]
Found = Iterable[Signal]

KINDS_ALWAYS_SHARED: Final = frozenset({"relay", "vpn", "gateway"})
KINDS_OF_SWEEPERS: Final = frozenset({"mail_security", "hosting"})
ENTERPRISE_CHROME: Final = 109
"""The last Chrome for Windows 7 and 8: people who keep those systems cannot have a newer one."""
SAME_SYSTEM: Final = frozenset({("Android", "Linux"), ("Chrome OS", "Linux"), ("Chromium OS", "Chrome OS")})
"""Hint and user agent that differ without a contradiction: a phone in desktop mode, a Chromebook."""


def find_declared(click: Evidence, values: Values) -> Found:
    if click.bot.reasons:
        yield Signal(name="declared_bot", weight=values["declared_bot_weight"], detail=click.bot.reasons[0])


def find_odd_user_agent(click: Evidence, values: Values) -> Found:
    length, weight = len(click.user_agent or ""), values["odd_user_agent_weight"]
    shortest, longest = values["odd_user_agent_limit_shortest"], values["odd_user_agent_limit_longest"]
    if length < shortest:
        yield Signal(name="odd_user_agent", weight=weight, value=float(length), limit=shortest)
    elif length > longest and not read_claim(click.user_agent).is_in_app:
        yield Signal(name="odd_user_agent", weight=weight, value=float(length), limit=longest)


def find_prefetch(click: Evidence, values: Values) -> Found:
    if click.prefetch:
        yield Signal(name="prefetch", weight=values["prefetch_weight"])


def find_network_kind(click: Evidence, values: Values) -> Found:
    network = click.network
    match network.kind:
        case "hosting":
            yield Signal(name="hosting_network", weight=values["hosting_network_weight"], detail=network.org)
        case "tor":
            yield Signal(name="tor_exit", weight=values["tor_exit_weight"])
        case "vpn":
            yield Signal(name="vpn_network", weight=values["vpn_network_weight"], detail=network.provider)
        case "mail_security":
            ending = "_probable" if network.certainty == "probable" else ""
            weight = values[f"mail_security_network_weight{ending}"]
            yield Signal(name="mail_security_network", weight=weight, detail=network.provider)


def find_missing_language(click: Evidence, values: Values) -> Found:
    claim = read_claim(click.user_agent)
    if claim.engine is None or claim.is_in_app or click.accept_language:
        return
    if is_usual(click.guards, click.guards.accept_language, values):
        yield Signal(name="no_accept_language", weight=values["no_accept_language_weight"])


def find_hint_contradiction(click: Evidence, values: Values) -> Found:
    hints = click.client_hints
    if hints is None:
        return
    weight = values["hints_contradict_weight"]
    if hints.ua is not None and "HeadlessChrome" in hints.ua:
        yield Signal(name="hints_contradict", weight=weight, detail="HeadlessChrome")
        return
    claimed, hinted = read_claim(click.user_agent).system, (hints.platform or "").strip('" ')
    if claimed is None or hinted in ("", "Unknown") or hinted == claimed or (hinted, claimed) in SAME_SYSTEM:
        return
    yield Signal(name="hints_contradict", weight=weight, detail=f"{hinted[:40]}, not {claimed}")


def find_missing_hints(click: Evidence, values: Values) -> Found:
    if click.client_hints is not None and click.client_hints.ua:
        return
    claim = read_claim(click.user_agent)
    if sends_hints(claim) and not claim.is_in_app and is_usual(click.guards, click.guards.client_hints, values):
        yield Signal(name="hints_missing", weight=values["hints_missing_weight"])


def find_other_fetch(click: Evidence, values: Values) -> Found:
    """Evidence that no page was opened: the link was loaded as a picture or by a script, or by no browser."""
    mode, weight = click.fetch.mode if click.fetch else None, values["not_a_navigation_weight"]
    claim = read_claim(click.user_agent)
    if mode is not None:
        if mode != "navigate":
            yield Signal(name="not_a_navigation", weight=weight, detail=mode[:40])
    elif sends_fetch(claim) and not claim.is_in_app and is_usual(click.guards, click.guards.fetch, values):
        yield Signal(name="not_a_navigation", weight=weight, detail="no Sec-Fetch headers")


def find_stale_browser(click: Evidence, values: Values) -> Found:
    claim, newest, limit = read_claim(click.user_agent), click.guards.newest_chrome, values["stale_browser_limit"]
    if newest is None or claim.engine != "chromium" or claim.is_in_app or click.device.type != "desktop":
        return
    if claim.version != ENTERPRISE_CHROME and newest - claim.version > limit:
        value = float(newest - claim.version)
        yield Signal(name="stale_browser", weight=values["stale_browser_weight"], value=value, limit=limit)


def find_duplicate(click: Evidence, values: Values) -> Found:
    earlier, limit = click.counts.same_link_30s, values["duplicate_click_limit"]
    if earlier:
        weight = values["duplicate_click_weight_repeated" if earlier >= limit else "duplicate_click_weight"]
        yield Signal(name="duplicate_click", weight=weight, value=float(earlier), limit=limit)


def find_client_rate(click: Evidence, values: Values) -> Found:
    """Too many clicks of one browser at one address. A returned cookie is a browser's, so its clicks are exempt."""
    if click.cookie_state == "valid":
        return
    factor = values["shared_network_limit_factor"] if is_shared(click, values) else 1
    counted = (("600s", click.counts.client_600s), ("60s", click.counts.client_60s))
    for window, count in counted:
        limit = values[f"client_rate_limit_{window}"] * factor
        if count is not None and count >= limit:
            weight = values[f"client_rate_weight_{window}"]
            yield Signal(name="client_rate", weight=weight, value=float(count), limit=limit, detail=window)
            return


def find_network_rate(click: Evidence, values: Values) -> Found:
    counts = click.counts
    if counts.net_60s is None or counts.net_60s <= values["network_rate_limit"] or is_shared(click, values):
        return
    clients = (counts.net_clients_60s or 0) + (counts.net_cookies_600s or 0)
    if counts.net_60s / max(clients, 1) >= values["network_rate_limit_per_client"]:
        value, limit = float(counts.net_60s), values["network_rate_limit"]
        yield Signal(name="network_rate", weight=values["network_rate_weight"], value=value, limit=limit)


def find_link_sweep(click: Evidence, values: Values, later: LaterEvidence) -> Found:
    if click.referrer.url:
        # Tabs that a person opens from a page name that page.
        return
    of_net = click.counts.net_links_10s if click.network.kind in KINDS_OF_SWEEPERS else None
    links, limit = max(click.counts.links_10s or 0, of_net or 0, later.sweep_links), values["link_sweep_limit"]
    if links >= limit:
        yield Signal(name="link_sweep", weight=values["link_sweep_weight"], value=float(links), limit=limit)


def find_later(_: Evidence, values: Values, later: LaterEvidence) -> Found:
    """The evidence that only settling has: it comes with later clicks."""
    if later.twin is not None:
        yield Signal(name="twin_click", weight=values["twin_click_weight"], detail=later.twin)
    limit, enough = values["machine_rhythm_limit"], later.rhythm_clicks >= values["machine_rhythm_limit_clicks"]
    if enough and later.rhythm is not None and later.rhythm < limit:
        yield Signal(name="machine_rhythm", weight=values["machine_rhythm_weight"], value=later.rhythm, limit=limit)
    limit = values["wide_client_limit"]
    if later.affiliates >= limit:
        value = float(later.affiliates)
        yield Signal(name="wide_client", weight=values["wide_client_weight"], value=value, limit=limit)


def is_usual(guards: Guards, carried: int | None, values: Values) -> bool:
    """Guard A: tell whether clicks on this host that claim Chrome usually carry a header. A proxy may strip it."""
    if carried is None or guards.chrome is None or guards.chrome < values["guard_limit_clicks"]:
        return False
    return carried >= guards.chrome * values["guard_limit_share"]


def is_shared(click: Evidence, values: Values) -> bool:
    """Guard B: tell whether many people share this network: an office, a carrier, a relay, a VPN."""
    counts = click.counts
    return (
        click.network.kind in KINDS_ALWAYS_SHARED
        or (counts.net_clients_600s or 0) >= values["shared_network_limit_clients"]
        or (counts.net_cookies_600s or 0) >= values["shared_network_limit_cookies"]
    )


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
LATER_SIGNALS: Final[tuple[Callable[[Evidence, Values, LaterEvidence], Found], ...]] = (find_link_sweep, find_later)
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
