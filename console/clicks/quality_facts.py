"""The facts that a click's score was computed from, as groups of labelled values. Pure."""

from typing import Final

from console.clicks.fields import Field, Group
from console.web.text import humanize, join
from quality.unjudged import REASONS
from schemas import Counts, EnrichedClick, Guards, Network, Uniqueness

COUNTS: Final = {
    "client_60s": "This browser, 60 s",
    "client_600s": "This browser, 600 s",
    "same_link_30s": "Same link, 30 s",
    "links_10s": "Its links, 10 s",
    "net_60s": "This address, 60 s",
    "net_links_10s": "Links of it, 10 s",
    "net_clients_60s": "Browsers, 60 s",
    "net_clients_600s": "Browsers, 600 s",
    "net_cookies_600s": "Cookies, 600 s",
}
GUARDS: Final = {
    "chrome": "Clicks by Chrome",
    "accept_language": "Accept-Language",
    "client_hints": "Client hints",
    "fetch": "Fetch headers",
    "newest_chrome": "Newest Chrome seen",
}


def describe_quality_facts(click: EnrichedClick) -> tuple[Group, ...]:
    return (
        describe_network(click.network, click.net_hash),
        describe_uniqueness(click.unique, click),
        describe_numbers("Clicks up to this one", click.counts, COUNTS),
        describe_numbers("The host's last hour", click.guards, GUARDS),
    )


def describe_network(network: Network, net_hash: str | None) -> Group:
    kind = join(network.kind and humanize(network.kind), network.certainty)
    return list_known(
        "Network",
        Field("Number", None if network.asn is None else f"AS{network.asn}"),
        Field("Organisation", network.org),
        Field("Kind", kind or REASONS.get(network.status, humanize(network.status)), by="network_kind"),
        Field("Provider", network.provider),
        Field("Lists", join(*network.lists, separator=", ")),
        Field("ASN database", network.database),
        Field("Network, hashed", net_hash, "mono"),
    )


def describe_uniqueness(unique: Uniqueness, click: EnrichedClick) -> Group:
    verdict = None if unique.is_unique is None else "unique" if unique.is_unique else "repeat"
    why = None if unique.status == "judged" else REASONS.get(unique.status, humanize(unique.status))
    return list_known(
        "Unique",
        Field("Verdict", join(verdict, why)),
        Field("Recognised by", unique.basis),
        Field("Window opened by", unique.first_click_id, "click"),
        Field("Cookie's window", click.lease_click_id, "click"),
        Field("Without a cookie", click.unique_basis and f"by {click.unique_basis}"),
        Field("Browser, hashed", click.client_hash, "mono"),
    )


def list_known(title: str, *fields: Field) -> Group:
    return Group(title, tuple(field for field in fields if field.value))


def describe_numbers(title: str, part: Counts | Guards, labels: dict[str, str]) -> Group:
    """List the numbers; without any, only say why there are none."""
    numbers = [(label, getattr(part, name)) for name, label in labels.items()]
    if all(number is None for _, number in numbers):
        return Group(title, (Field("Not counted", REASONS.get(part.status, humanize(part.status))),))
    return Group(title, tuple(Field(label, None if number is None else f"{number:,}") for label, number in numbers))
