"""Ranges of addresses with values."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enricher.steps.ranges import IpNetwork, make_range_table

V4 = st.builds(
    lambda number, length: IPv4Network((number, length), strict=False), st.integers(0, 0xFFFF), st.integers(16, 32)
)
V6 = st.builds(
    lambda number, length: IPv6Network((number << 100, length), strict=False),
    st.integers(0, 0xFFFF),
    st.integers(0, 128),
)
ADDRESSES = st.integers(0, 0xFFFF).map(IPv4Address) | st.integers(0, 0xFFFF).map(lambda n: IPv6Address(n << 100))


@given(st.lists(V4 | V6, max_size=30), st.lists(ADDRESSES, max_size=20))
def test_an_address_is_found_if_any_range_has_it(
    networks: Sequence[IpNetwork], addresses: Sequence[IPv4Address | IPv6Address]
) -> None:
    table = make_range_table((network, "listed") for network in networks)

    # The ends of ranges, where a search that is off by one is wrong.
    ends = [address for network in networks for address in (network[0], network[-1])]
    for address in [*addresses, *ends]:
        is_listed = any(address in network for network in networks)
        assert table.find(address) == ("listed" if is_listed else None)


def test_neighbours_keep_their_values() -> None:
    table = make_range_table([("10.0.1.0/24", "b"), ("10.0.0.0/24", "a"), ("2001:db8::/32", "c")])

    found = [table.find(ip_address(text)) for text in ("10.0.0.255", "10.0.1.0", "10.0.2.0", "2001:db8::1")]
    assert found == ["a", "b", None, "c"]


def test_ranges_of_one_value_are_joined() -> None:
    assert len(make_range_table([("10.0.0.0/24", "a"), ("10.0.1.0/24", "a"), ("10.0.0.8/29", "a")])) == 1


@pytest.mark.parametrize("inner", ["10.0.0.0/24", "10.0.0.8/29"])
def test_ranges_of_different_values_must_not_overlap(inner: str) -> None:
    with pytest.raises(ValueError, match="overlaps"):
        make_range_table([("10.0.0.0/8", "a"), (inner, "b")])


def test_a_text_that_is_no_range_is_refused() -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        make_range_table([("10.0.0.0/240", "a")])
