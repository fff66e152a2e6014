"""The signals that compare a click's counts with limits: duplicates, rates, sweeps of links. Pure.

A guard makes some of them lenient, or takes them off. It is an argument, so that `quality.spared` can tell what a click
would have been without it.
"""

from collections.abc import Callable, Mapping
from typing import Final

from quality.evidence import NOTHING_LATER, Evidence, LaterEvidence
from quality.shared_networks import is_shared
from schemas import Signal

Values = Mapping[str, float]
Found = Signal | None
IsShared = Callable[[Evidence, Values], bool]

KINDS_OF_SWEEPERS: Final = frozenset({"mail_security", "hosting"})
PHONES: Final = frozenset({"mobile", "tablet"})
"""Devices of which many identical ones are behind one address of a carrier: they look like one client."""
CLIENT_RATE_LIMITS: Final = {"60s": "client_rate_limit_60s", "600s": "client_rate_limit_600s"}


def is_like_many(click: Evidence, values: Values) -> bool:
    """Tell whether many people's clicks may look like one client's: phones are identical."""
    return click.device.type in PHONES or is_shared(click, values)


def find_duplicate(click: Evidence, values: Values) -> Found:
    earlier, limit = click.counts.same_link_30s, values["duplicate_click_limit"]
    if not earlier:
        return None
    weight = values["duplicate_click_weight_repeated" if earlier >= limit else "duplicate_click_weight"]
    return Signal(name="duplicate_click", weight=weight, value=float(earlier), limit=limit)


def find_client_rate(click: Evidence, values: Values, is_shared: IsShared = is_shared) -> Found:
    """Too many clicks of one browser at one address. A returned cookie is a browser's, so its clicks are exempt."""
    counts = click.counts
    if click.cookie_state == "valid":
        return None
    for window, count in (("600s", counts.client_600s), ("60s", counts.client_60s)):
        limit = values[CLIENT_RATE_LIMITS[window]]
        if count is None or count < limit:
            continue
        if is_shared(click, values):
            limit *= values["shared_network_limit_factor"]
        if count >= limit:
            weight = values[f"client_rate_weight_{window}"]
            return Signal(name="client_rate", weight=weight, value=float(count), limit=limit, detail=window)
    return None


def find_network_rate(click: Evidence, values: Values, is_shared: IsShared = is_shared) -> Found:
    counts = click.counts
    if counts.net_60s is None or counts.net_60s <= values["network_rate_limit"] or is_shared(click, values):
        return None
    clients = (counts.net_clients_60s or 0) + (counts.net_cookies_600s or 0)
    if counts.net_60s / max(clients, 1) < values["network_rate_limit_per_client"]:
        return None
    value, limit = float(counts.net_60s), values["network_rate_limit"]
    return Signal(name="network_rate", weight=values["network_rate_weight"], value=value, limit=limit)


def find_link_sweep(
    click: Evidence, values: Values, later: LaterEvidence = NOTHING_LATER, is_like_many: IsShared = is_like_many
) -> Found:
    """Several links of one origin within seconds: a scanner of mails. A person's tabs have a referrer or a cookie."""
    if click.referrer.url or click.cookie_state == "valid":
        return None
    counts, is_sweeper, limit = click.counts, click.network.kind in KINDS_OF_SWEEPERS, values["link_sweep_limit"]
    of_net = counts.net_links_10s if is_sweeper else None
    links = max(counts.links_10s or 0, of_net or 0, later.sweep_links)
    if links < limit:
        return None
    if not is_sweeper and is_like_many(click, values):
        limit *= values["shared_network_limit_factor"]
    if links < limit:
        return None
    return Signal(name="link_sweep", weight=values["link_sweep_weight"], value=float(links), limit=limit)
