"""Draws addresses from real networks. Pure."""

from ipaddress import IPv4Address, IPv6Address, ip_network
from random import Random

from simulate.rng import draw_bits


class Networks:
    """Networks of one owner or country, as in `73.0.0.0/10 2601::/20`. Each is equally likely, whatever its size."""

    __slots__ = ("_networks",)

    def __init__(self, text: str) -> None:
        parsed = [ip_network(part) for part in text.split()]
        self._networks = tuple((int(net[0]), net.max_prefixlen - net.prefixlen, net.version == 6) for net in parsed)  # noqa: PLR2004 - IPv6

    def draw(self, rng: Random) -> str:
        first, bits, is_v6 = self._networks[int(rng.random() * len(self._networks))]
        number = first + draw_bits(rng, bits)
        return str(IPv6Address(number) if is_v6 else IPv4Address(number))
