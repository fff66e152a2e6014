"""Whose request it is: the address of the client, through proxies we trust and none other. Pure."""

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import msgspec

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

UNKNOWN: Final = ipaddress.IPv4Address(0)
"""The address of a peer that has none (a Unix socket)."""

MOST_HOPS: Final = 32


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read networks such as `10.0.0.0/8`, `::1`. Raises ValueError naming the first that is none."""
    return tuple(ipaddress.ip_network(text) for text in texts)


def parse_address(text: str) -> Address | None:
    """Read one address as it stands in X-Forwarded-For; null for anything else.

    A port is cut off, a v4-mapped v6 address becomes v4, and a zone (`fe80::1%eth0`) is refused.
    """
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    if "%" in text:
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, ipaddress.IPv6Address) else address


class Hop(msgspec.Struct, frozen=True):
    """One entry of the chain a request came by."""

    address: Address
    trusted: bool


class TrustedProxies:
    """Knows which peers may speak for others."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = tuple(networks)
        # By text: an address as a key would be hashed in Python, at each of its appearances.
        self._read = lru_cache(maxsize=8192)(self._read_hop)

    def client_address(self, peer: str | None, forwarded: Sequence[str]) -> Address:
        """Give the client's address: the rightmost of all X-Forwarded-For lines that is not a trusted proxy.

        What an untrusted peer sends is not looked at, and what stands left of the first untrusted or unreadable entry
        is never believed: anybody could have written it.
        """
        client = (self._read(peer) if peer else None) or UNKNOWN_PEER
        if not forwarded or not client.trusted:
            return client.address
        for text in reversed(",".join(forwarded).rsplit(",", MOST_HOPS)[-MOST_HOPS:]):
            hop = self._read(text)
            if hop is None:
                break
            client = hop
            if not hop.trusted:
                break
        return client.address

    def trusts(self, address: Address) -> bool:
        return any(address in network for network in self._networks)

    def _read_hop(self, text: str) -> Hop | None:
        address = parse_address(text)
        return None if address is None else Hop(address, self.trusts(address))


UNKNOWN_PEER: Final = Hop(UNKNOWN, trusted=False)
