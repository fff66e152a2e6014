"""Networks of the kinds that traces need, from what their owners and routing tables publish. Pure.

Each is inside one AS of its owner, and small enough to be of one kind as a whole.
"""

from ipaddress import ip_address, ip_network
from typing import Final

import msgspec

from simulate.addresses import Networks


class NetworkFact(msgspec.Struct, frozen=True):
    """What networks are, in the words of the contract's `Network`: its `kind`, and how certain that is."""

    kind: str
    certainty: str
    ranges: str


RELAY: Final = NetworkFact(
    "relay",
    "certain",
    "172.225.18.0/23 172.225.30.0/23 172.225.32.0/23 172.225.40.0/23 172.225.54.0/23 172.225.58.0/23 146.75.128.0/23 "
    "146.75.134.0/23 140.248.0.0/23 140.248.4.0/23 2a02:26f7:c000::/36 2606:54c0:7000::/36 2a09:bac2::/36",
)
"""Egress of Apple Private Relay: Akamai (AS36183), Fastly (AS54113), Cloudflare (AS13335), from Apple's own list."""
EXCHANGE: Final = NetworkFact("mail_security", "certain", "40.92.0.0/15 40.107.0.0/16 52.100.0.0/14 104.47.0.0/17")
"""Exchange Online Protection, from Microsoft's published endpoints."""
SCANNER: Final = NetworkFact("mail_security", "certain", "209.222.82.0/24")
PROBABLE_SCANNERS: Final = (
    NetworkFact("mail_security", "probable", "67.231.144.0/21 148.163.136.0/21 66.159.232.0/22"),
    NetworkFact("mail_security", "probable", "207.211.30.0/24 205.139.110.0/24 170.10.128.0/22 51.163.158.0/23"),
)
"""Proofpoint (AS26211, AS22843, AS52129), Mimecast (AS30031, AS39588)."""
DATA_CENTRES: Final = NetworkFact(
    "hosting", "probable", "3.80.0.0/12 20.42.0.0/16 88.198.0.0/16 51.68.0.0/16 165.227.0.0/16"
)
"""Amazon, Microsoft Azure, Hetzner, OVHcloud, DigitalOcean."""
EXITS: Final = NetworkFact(
    "tor", "certain", "185.220.101.0/26 23.129.64.160/27 23.129.64.192/27 204.8.96.64/28 204.8.96.144/28"
)
"""Exits of the Tor Project's published list, by operators who fill whole networks with them."""
FACTS: Final = (RELAY, EXCHANGE, SCANNER, *PROBABLE_SCANNERS, DATA_CENTRES, EXITS)

OFFICES: Final = Networks("80.146.0.0/16 217.91.0.0/16 213.61.0.0/16 195.145.0.0/17")
"""Fixed addresses of companies: Deutsche Telekom (AS3320), Colt (AS8220)."""
MOBILE: Final = Networks("172.56.0.0/16 80.187.64.0/18 109.40.0.0/16 92.184.96.0/19 82.132.216.0/21")
"""Carriers' shared addresses: T-Mobile US, Telekom, Vodafone, Orange, O2."""
APPLE_RELAY: Final = Networks(RELAY.ranges)
EXCHANGE_ONLINE: Final = Networks(EXCHANGE.ranges)
BARRACUDA: Final = Networks(SCANNER.ranges)
PROOFPOINT: Final = Networks(PROBABLE_SCANNERS[0].ranges)
MIMECAST: Final = Networks(PROBABLE_SCANNERS[1].ranges)
CLOUD: Final = Networks(DATA_CENTRES.ranges)
TOR_EXITS: Final = Networks(EXITS.ranges)

PARSED: Final = tuple((ip_network(text), fact) for fact in FACTS for text in fact.ranges.split())


def find_fact(address: str) -> NetworkFact | None:
    """Say what the network of a trace's address is, for a scorer without databases; None: nothing special."""
    parsed = ip_address(address)
    return next((fact for network, fact in PARSED if parsed in network), None)
