"""The local steps: what the data of one click tell, with files and keys. PURE: lookups are arguments.

A step sets its facts in `ClickFacts`, and may read those of the steps before it.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from enricher.click_facts import ClickFacts, IpAddress
from enricher.steps.agent import ReadAgent
from identity.ip import IpHashKey, hash_visitor
from identity.verification import VerificationError
from schemas import Geo, Network, RawClick, Referrer

NO_ADDRESS: Final = Geo(status="no_address")
NO_NETWORK: Final = Network(status="no_address")
ANONYMOUS_NETWORK: Final = Network(status="anonymous")


class Lookups(msgspec.Struct, frozen=True, kw_only=True):
    """What the steps ask. None of them raises for anything a click can hold.

    `open_ip` takes a sealed address and its click id; `find_hash_key` gives the key that was active at a time.
    """

    open_ip: Callable[[str, str], IpAddress | VerificationError]
    find_hash_key: Callable[[datetime], IpHashKey]
    locate: Callable[[IpAddress], Geo]
    find_network: Callable[[IpAddress], Network]
    read_referrer: Callable[[RawClick], Referrer]
    read_agent: ReadAgent


Step = Callable[[ClickFacts, Lookups], None]


def open_address(facts: ClickFacts, lookups: Lookups) -> None:
    """Unseal the visitor's address. A destroyed, unknown or forged seal gives none, and the click goes on without."""
    facts.address = None
    if facts.click.ip_sealed is not None:
        opened = lookups.open_ip(facts.click.ip_sealed, facts.click.click_id)
        facts.address = None if isinstance(opened, VerificationError) else opened


def hash_address(facts: ClickFacts, lookups: Lookups) -> None:
    """Hash the address with the key that was active at the click, so that a replay gives the same click."""
    facts.hashes = None
    click = facts.click
    if facts.address is None or is_anonymous(click):
        return
    key = lookups.find_hash_key(click.clicked_at)
    is_new = key.since is not None and (click.clicked_at - key.since).total_seconds() < click.unique_window_s
    facts.hashes = hash_visitor(key, facts.address.packed, read_traits(click), with_previous=is_new)


def read_traits(click: RawClick) -> bytes:
    """Join what tells the browsers of one network apart. No header contains a line feed."""
    platform = click.client_hints.platform if click.client_hints else None
    return "\n".join((click.user_agent or "", click.accept_language or "", platform or "")).encode()


def locate_address(facts: ClickFacts, lookups: Lookups) -> None:
    if facts.address is None:
        facts.geo = NO_ADDRESS
        return
    geo = lookups.locate(facts.address)
    facts.geo = msgspec.structs.replace(geo, region=None, city=None) if is_anonymous(facts.click) else geo


def identify_network(facts: ClickFacts, lookups: Lookups) -> None:
    """Find the autonomous system and the kind of network. Those of an anonymous click are not looked up."""
    if is_anonymous(facts.click):
        facts.network = ANONYMOUS_NETWORK
    elif facts.address is None:
        facts.network = NO_NETWORK
    else:
        facts.network = lookups.find_network(facts.address)


def read_agent(facts: ClickFacts, lookups: Lookups) -> None:
    """Read who asks, and the device. What the rules call a bot is no phone, whatever device its user agent names."""
    agent = lookups.read_agent(facts.click.user_agent, facts.click.client_hints)
    facts.bot, facts.device = agent.bot, agent.device


def read_referrer(facts: ClickFacts, lookups: Lookups) -> None:
    facts.referrer = lookups.read_referrer(facts.click)


def is_anonymous(click: RawClick) -> bool:
    return click.privacy.decision == "anonymous"
