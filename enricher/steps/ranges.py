"""Ranges of addresses with a value each, for quick lookups: sorted arrays and a binary search. PURE."""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Generic, TypeVar

import msgspec

from enricher.steps.database import IpAddress

Value = TypeVar("Value")
IpNetwork = IPv4Network | IPv6Network


class Family(msgspec.Struct, Generic[Value], frozen=True):
    """The ranges of one family: their first and last addresses, and values. They are sorted and do not overlap."""

    firsts: Sequence[int]
    lasts: Sequence[int]
    values: Sequence[Value]

    def find(self, number: int) -> Value | None:
        index = bisect_right(self.firsts, number) - 1
        return self.values[index] if index >= 0 and number <= self.lasts[index] else None


class RangeTable(msgspec.Struct, Generic[Value], frozen=True):
    """Ranges of both families."""

    v4: Family[Value]
    v6: Family[Value]

    def find(self, address: IpAddress) -> Value | None:
        """Give the value of the range that has the address."""
        return (self.v4 if address.version == 4 else self.v6).find(int(address))  # noqa: PLR2004 - a protocol

    def __len__(self) -> int:
        return len(self.v4.firsts) + len(self.v6.firsts)


def make_range_table(ranges: Iterable[tuple[str | IpNetwork, Value]]) -> RangeTable[Value]:
    """Make a table of ranges such as `192.0.2.0/24`. Ranges of one value are joined where they meet.

    Raises ValueError for a text that is no range, and where ranges of different values overlap.
    """
    networks = [(ip_network(text) if isinstance(text, str) else text, value) for text, value in ranges]
    v4 = join((int(net[0]), int(net[-1]), value) for net, value in networks if isinstance(net, IPv4Network))
    v6 = join((int(net[0]), int(net[-1]), value) for net, value in networks if isinstance(net, IPv6Network))
    return RangeTable(
        Family(array("I", [r[0] for r in v4]), array("I", [r[1] for r in v4]), [r[2] for r in v4]),
        Family([r[0] for r in v6], [r[1] for r in v6], [r[2] for r in v6]),
    )


def join(ranges: Iterable[tuple[int, int, Value]]) -> list[tuple[int, int, Value]]:
    joined: list[tuple[int, int, Value]] = []
    for first, last, value in sorted(ranges, key=lambda each: each[:2]):
        before = joined[-1] if joined else None
        if before is not None and first <= before[1] + 1 and before[2] == value:
            joined[-1] = (before[0], max(before[1], last), value)
        elif before is not None and first <= before[1]:
            raise ValueError(f"{value!r} overlaps {before[2]!r}")
        else:
            joined.append((first, last, value))
    return joined
