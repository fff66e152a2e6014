"""What is publicly known about networks: data, and nothing else. `steps/network.py` applies it.

Operators registered each autonomous system (AS) under their own name with a regional registry, and published each range
on the page or in the DNS record that `source` names. `certain`: the range or system serves this purpose alone.
`probable`: it is mostly used so, and people may be behind it.
"""

from typing import Final, Literal

import msgspec

from quality.carriers import CARRIERS

Kind = Literal["reserved", "relay", "mail_security", "gateway", "tor", "vpn", "bot", "cdn", "hosting", "other"]
Certainty = Literal["certain", "probable"]

KINDS: Final[tuple[Kind, ...]] = (
    "reserved",
    "relay",
    "mail_security",
    "gateway",
    "tor",
    "vpn",
    "bot",
    "cdn",
    "hosting",
    "other",
)
"""An address is of the first kind that applies. Relay comes first: lists of VPNs contain Apple's relay."""

LISTED_KINDS: Final = KINDS[1:-1]
"""What a list can say. Reserved addresses are known to Python, and `other` is what no list names."""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """Ranges and autonomous systems of one provider."""

    kind: Kind
    provider: str
    certainty: Certainty
    source: str
    ranges: tuple[str, ...] = ()
    asns: tuple[int, ...] = ()


REGISTRY: Final = "registration of the autonomous system"

RESERVED: Final = (
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
    *("192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"),
    *("::/3", "2001:2::/48", "2001:db8::/32", "3fff::/20", "4000::/2", "8000::/1"),
)
"""Not of the public internet, or not given to anybody: IANA's registries of special-purpose addresses. It is a list of
our own because `ipaddress` differs by the version of Python, and takes longer than all other sources together."""

NEVER_HOSTING: Final = {
    29119: "AIRE Networks, access provider in Spain",
    39832: "Opera, proxy of its browsers",
    36183: "Akamai, Apple's relay",
    3561: "CenturyLink, access provider",
    4323: "tw telecom (Lumen), access provider",
    6939: "Hurricane Electric, transit and tunnels for people",
    8881: "1&1 Versatel, access provider in Germany",
    6079: "RCN, access provider: lists of Cogent contain it",
    3209: "Vodafone Germany, access provider: Amazon's own list contains its Wavelength zones",
    2856: "BT, access provider in the UK: Amazon's own list contains its Wavelength zones",
    **CARRIERS,
}
"""Autonomous systems of people, many of which lists of hosting networks contain. No list makes them hosting."""

FACTS: Final = (
    Fact(
        kind="relay",
        provider="Apple Private Relay",
        certainty="certain",
        source="Apple, iCloud Private Relay egress IP ranges: every IPv6 range of it lies in these",
        ranges=("2a02:26f7::/32", "2a04:4e41::/32", "2606:54c0::/30", "2a09:bac2::/31"),
    ),
    Fact(
        kind="relay",
        provider="Apple Private Relay",
        certainty="probable",
        source="Sattler et al., Towards a Tectonic Traffic Shift? (IMC 2022): Akamai announces relays only from it",
        asns=(36183,),
    ),
    Fact(
        kind="mail_security",
        provider="Microsoft Exchange Online Protection",
        certainty="certain",
        source="Microsoft, Office 365 URLs and IP address ranges, Exchange Online",
        ranges=(
            "40.92.0.0/15",
            "40.107.0.0/16",
            "52.100.0.0/14",
            "104.47.0.0/17",
            "2a01:111:f400::/48",
            "2a01:111:f403::/48",
        ),
    ),
    Fact(
        kind="mail_security",
        provider="Barracuda",
        certainty="certain",
        source="Barracuda, SPF record spf.ess.barracudanetworks.com (209.222.82.0/24 fetches the links)",
        ranges=("209.222.80.0/21",),
    ),
    Fact(kind="mail_security", provider="Barracuda", certainty="probable", source=REGISTRY, asns=(15324,)),
    Fact(
        kind="mail_security", provider="Proofpoint", certainty="probable", source=REGISTRY, asns=(22843, 26211, 52129)
    ),
    Fact(
        kind="mail_security",
        provider="Mimecast",
        certainty="probable",
        source=REGISTRY,
        asns=(30031, 39588, 42427, 60492),
    ),
    Fact(kind="mail_security", provider="Cisco IronPort", certainty="probable", source=REGISTRY, asns=(16417,)),
    # Gateways of companies: people are behind them.
    Fact(kind="gateway", provider="Zscaler", certainty="certain", source=REGISTRY, asns=(22616, 53813, 62044)),
    Fact(kind="gateway", provider="Netskope", certainty="certain", source=REGISTRY, asns=(55256,)),
    Fact(kind="gateway", provider="Cisco Umbrella", certainty="certain", source=REGISTRY, asns=(36692,)),
    Fact(kind="gateway", provider="Forcepoint", certainty="certain", source=REGISTRY, asns=(44444,)),
    Fact(kind="gateway", provider="Opera", certainty="certain", source=REGISTRY, asns=(39832, 21837)),
    # VPNs: `probable`, for people rent servers there, too.
    Fact(kind="vpn", provider="31173 Services (Mullvad)", certainty="probable", source=REGISTRY, asns=(39351,)),
    Fact(kind="vpn", provider="Proton", certainty="probable", source=REGISTRY, asns=(62371, 209103)),
    Fact(kind="cdn", provider="Cloudflare", certainty="probable", source=REGISTRY, asns=(13335,)),
    Fact(kind="cdn", provider="Fastly", certainty="probable", source=REGISTRY, asns=(54113,)),
    Fact(kind="cdn", provider="Akamai", certainty="probable", source=REGISTRY, asns=(20940, 16625)),
    Fact(kind="cdn", provider="Gcore", certainty="probable", source=REGISTRY, asns=(199524,)),
    Fact(kind="hosting", provider="Amazon AWS", certainty="probable", source=REGISTRY, asns=(16509, 14618, 8987)),
    Fact(kind="hosting", provider="Google Cloud", certainty="probable", source=REGISTRY, asns=(396982,)),
    Fact(kind="hosting", provider="Microsoft Azure", certainty="probable", source=REGISTRY, asns=(8075,)),
    Fact(kind="hosting", provider="Oracle Cloud", certainty="probable", source=REGISTRY, asns=(31898,)),
    Fact(kind="hosting", provider="IBM Cloud", certainty="probable", source=REGISTRY, asns=(36351,)),
    Fact(kind="hosting", provider="Alibaba Cloud", certainty="probable", source=REGISTRY, asns=(45102, 37963)),
    Fact(kind="hosting", provider="Tencent Cloud", certainty="probable", source=REGISTRY, asns=(45090, 132203)),
    Fact(kind="hosting", provider="Huawei Cloud", certainty="probable", source=REGISTRY, asns=(136907,)),
    Fact(kind="hosting", provider="DigitalOcean", certainty="probable", source=REGISTRY, asns=(14061,)),
    Fact(kind="hosting", provider="Linode", certainty="probable", source=REGISTRY, asns=(63949,)),
    Fact(kind="hosting", provider="Vultr", certainty="probable", source=REGISTRY, asns=(20473,)),
    Fact(kind="hosting", provider="OVHcloud", certainty="probable", source=REGISTRY, asns=(16276,)),
    Fact(kind="hosting", provider="Hetzner", certainty="probable", source=REGISTRY, asns=(24940, 213230, 212317)),
    Fact(kind="hosting", provider="Contabo", certainty="probable", source=REGISTRY, asns=(51167, 40021, 141995)),
    Fact(
        kind="hosting",
        provider="Leaseweb",
        certainty="probable",
        source=REGISTRY,
        asns=(60781, 28753, 30633, 395954, 59253),
    ),
    Fact(kind="hosting", provider="Scaleway", certainty="probable", source=REGISTRY, asns=(12876,)),
    Fact(kind="hosting", provider="UpCloud", certainty="probable", source=REGISTRY, asns=(202053,)),
    Fact(
        kind="hosting", provider="Rackspace", certainty="probable", source=REGISTRY, asns=(33070, 27357, 19994, 15395)
    ),
    Fact(kind="hosting", provider="Hostinger", certainty="probable", source=REGISTRY, asns=(47583,)),
    Fact(kind="hosting", provider="netcup", certainty="probable", source=REGISTRY, asns=(197540,)),
    Fact(kind="hosting", provider="M247", certainty="probable", source=REGISTRY, asns=(9009,)),
    Fact(kind="hosting", provider="DataCamp", certainty="probable", source=REGISTRY, asns=(212238, 60068)),
)
