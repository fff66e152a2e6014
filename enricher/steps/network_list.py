"""Reads the text of an operator's list of networks. PURE.

One range or autonomous system on a line (`192.0.2.0/24`, `2001:db8::/32`, `192.0.2.7`, `AS64496`); `#` and `;` begin
comments. Comments before the first entry may say what the list is: `# kind: vpn`, `# provider: Example`,
`# certainty: certain`. Lists of X4BNet/lists_vpn are such files.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network
from typing import Final, cast, get_args

import msgspec

from enricher.rules.networks import LISTED_KINDS, Certainty
from enricher.steps.database import LABEL_CAP
from enricher.steps.network import Claim, NetworkList, read_asn
from enricher.steps.ranges import IpNetwork, make_range_table

COMMENT: Final = re.compile(r"[#;]")
HEADER: Final = re.compile(r"[#;]\s*(kind|provider|certainty)\s*[:=]\s*(.*)", re.IGNORECASE)
WIDEST_V4: Final = 8
WIDEST_V6: Final = 16
LINES_SHOWN: Final = 5


class ParsedList(msgspec.Struct, frozen=True):
    """A list, and the lines of the text that are not in it, each with the reason."""

    networks: NetworkList
    refused: list[str]


def read_list(text: str, label: str, kind: str | None = None) -> ParsedList | str:
    """Read a list, or say why none of it can be used. `kind` overrides what the text says."""
    lines = text.splitlines()
    header = read_header(lines)
    claim = make_claim({**header, "kind": kind} if kind is not None else header, label)
    if isinstance(claim, str):
        return claim
    ranges: list[IpNetwork] = []
    asns: list[int] = []
    refused: list[str] = []
    for number, line in enumerate(lines, 1):
        if entry := strip_comment(line):
            parsed = read_entry(entry)
            if isinstance(parsed, str):
                refused.append(f"line {number} ({entry[:40]!r}) {parsed}")
            elif isinstance(parsed, int):
                asns.append(parsed)
            else:
                ranges.append(parsed)
    if not ranges and not asns:
        return f"none of its lines can be used: {join_some(refused)}" if refused else "it has no entry"
    return ParsedList(
        NetworkList(make_range_table((each, claim) for each in ranges), dict.fromkeys(asns, claim)), refused
    )


def strip_comment(line: str) -> str:
    return COMMENT.split(line, maxsplit=1)[0].strip()


def read_header(lines: Iterable[str]) -> dict[str, str]:
    """Read what the comments before the first entry say."""
    found: dict[str, str] = {}
    for line in lines:
        if strip_comment(line):
            break
        if matched := HEADER.match(line.strip()):
            found.setdefault(matched[1].lower(), matched[2].strip())
    return found


def make_claim(header: dict[str, str], label: str) -> Claim | str:
    kind, certainty = header.get("kind"), header.get("certainty", "probable")
    if kind is None:
        return "it does not say its kind: name it as kind=path in the setting, or in a first line such as `# kind: vpn`"
    if kind not in LISTED_KINDS:
        return f"its kind {kind[:40]!r} is none of {', '.join(LISTED_KINDS)}"
    if certainty not in get_args(Certainty):
        return f"its certainty {certainty[:40]!r} is neither `certain` nor `probable`"
    provider = header.get("provider", "")[:LABEL_CAP] or None
    return Claim(kind=kind, certainty=cast("Certainty", certainty), provider=provider, label=label)


def read_entry(entry: str) -> IpNetwork | int | str:
    """Read a range, the number of a system, or say what is wrong."""
    if entry[:2].upper() == "AS":
        asn = read_asn(entry)
        return asn if asn is not None and 0 < asn < 2**32 else "is no AS number"
    try:
        network = IPv6Network(entry, strict=False) if ":" in entry else IPv4Network(entry, strict=False)
    except ValueError:
        return "is neither a range of addresses nor an AS number"
    widest = WIDEST_V6 if isinstance(network, IPv6Network) else WIDEST_V4
    return network if network.prefixlen >= widest else f"is wider than /{widest}"


def join_some(refused: list[str]) -> str:
    more = f", and {len(refused) - LINES_SHOWN} more" if len(refused) > LINES_SHOWN else ""
    return ", ".join(refused[:LINES_SHOWN]) + more
