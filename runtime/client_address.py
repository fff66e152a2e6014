"""The address of the client behind a request, read through trusted proxies only. Pure."""

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import msgspec
from aiohttp import hdrs
from multidict import MultiMapping, istr

from runtime.forwarded import read_node, rejoin_quoted

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

UNKNOWN: Final = ipaddress.IPv4Address(0)
"""The address of a peer that has none (a Unix socket)."""

MAPPED_BITS: Final = 96
"""`::ffff:0:0/96` holds the IPv4 addresses written as IPv6."""

MAX_HOPS: Final = 32
X_FORWARDED_FOR: Final = "x-forwarded-for"
FORWARDED: Final = "forwarded"
HEADERS: Final[dict[str, istr]] = {X_FORWARDED_FOR: hdrs.X_FORWARDED_FOR, FORWARDED: hdrs.FORWARDED}
"""The headers in which proxies name the client, by their names in the settings."""


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read networks such as `10.0.0.0/8` or `::1`. Raises ValueError that names the first invalid one.

    A v4-mapped network (`::ffff:10.0.0.0/104`) becomes the IPv4 network. A zone is removed, as in peers' addresses.
    """
    return tuple(map(parse_network, texts))


def parse_network(text: str) -> Network:
    network = ipaddress.ip_network(text)
    if isinstance(network, ipaddress.IPv4Network):
        return network
    first = ipaddress.IPv6Address(network.network_address.packed)
    if first.ipv4_mapped is not None and network.prefixlen >= MAPPED_BITS:
        return ipaddress.IPv4Network((first.ipv4_mapped, network.prefixlen - MAPPED_BITS))
    return ipaddress.IPv6Network((first, network.prefixlen))


def parse_address(text: str) -> Address | None:
    """Read one address of X-Forwarded-For; return None for anything else.

    A port is removed, a v4-mapped IPv6 address becomes IPv4, and a zone (`fe80::1%eth0`) is refused.
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
    """One entry in the chain of proxies a request passed through."""

    address: Address
    trusted: bool


class TrustedProxies:
    """Knows which peers may name the client, and in which of the `HEADERS`. The other headers are ignored."""

    def __init__(self, networks: Sequence[Network], header: str = X_FORWARDED_FOR) -> None:
        self._networks = tuple(networks)
        self._header = HEADERS[header]
        self._has_quotes = header == FORWARDED
        # Keyed by text: hashing an address object runs Python code at each lookup.
        self._read = lru_cache(maxsize=8192)(self._read_hop)
        self._read_peer = lru_cache(maxsize=8192)(self._read_peer_hop)
        self._read_entry = lru_cache(maxsize=8192)(self._read_element) if self._has_quotes else self._read

    def find_client(self, peer: str | None, headers: MultiMapping[str]) -> Address:
        """Return the client's address: the rightmost entry, over all lines of the header, that is not a trusted proxy.

        The header of an untrusted peer is ignored. So is everything left of the first untrusted or unreadable entry:
        anybody could have written it.
        """
        client = (self._read_peer(peer) if peer else None) or UNKNOWN_PEER
        if not client.trusted or not (lines := headers.getall(self._header, ())):
            return client.address
        texts: Iterable[str] = reversed(",".join(lines).rsplit(",", MAX_HOPS)[-MAX_HOPS:])
        for text in rejoin_quoted(texts, ",") if self._has_quotes else texts:
            if not text.strip(" \t"):
                # RFC 9110, 5.6.1: ignore empty list elements.
                continue
            hop = self._read_entry(text)
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

    def _read_peer_hop(self, text: str) -> Hop | None:
        # The operating system adds a zone to a link-local peer (`fe80::1%eth0`): an interface of this machine.
        return self._read_hop(text.partition("%")[0])

    def _read_element(self, text: str) -> Hop | None:
        node = read_node(text)
        return None if node is None else self._read_hop(node)


UNKNOWN_PEER: Final = Hop(UNKNOWN, trusted=False)
