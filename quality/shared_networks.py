"""Guard B: networks that many people share, where many clicks of one address are usual. Pure."""

from collections.abc import Mapping
from typing import Final

from quality.carriers import CARRIERS
from quality.evidence import Evidence

KINDS_ALWAYS_SHARED: Final[Mapping[str, str]] = {
    "relay": "the address belongs to a relay, which many people share",
    "vpn": "the address belongs to a VPN, which many people share",
    "gateway": "the address belongs to a gateway of companies, which many people share",
}
"""Kinds of networks that are always shared, with the reason in words."""


def is_shared(click: Evidence, values: Mapping[str, float]) -> bool:
    """Guard B: tell whether many people share this network: an office, a carrier, a relay, a VPN."""
    counts = click.counts
    return (
        click.network.kind in KINDS_ALWAYS_SHARED
        or click.network.asn in CARRIERS
        or (counts.net_clients_600s or 0) >= values["shared_network_limit_clients"]
        or (counts.net_cookies_600s or 0) >= values["shared_network_limit_cookies"]
    )


def explain_shared(click: Evidence, values: Mapping[str, float]) -> str | None:
    """Say why this network counts as shared, as a clause without a full stop; null if it does not."""
    network, counts = click.network, click.counts
    if reason := KINDS_ALWAYS_SHARED.get(network.kind or ""):
        return reason
    if (carrier := CARRIERS.get(network.asn or 0)) is not None:
        name = carrier.partition(":")[0]
        return f"the address belongs to a mobile carrier ({name}, AS{network.asn}), where many phones share one"
    for number, what, limit in (
        (counts.net_clients_600s or 0, "browsers", values["shared_network_limit_clients"]),
        (counts.net_cookies_600s or 0, "cookies", values["shared_network_limit_cookies"]),
    ):
        if number >= limit:
            return f"{number} different {what} were seen at the address within 600 s; from {limit:g} on it is shared"
    return None
