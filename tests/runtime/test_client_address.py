"""Whose request it is."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from runtime.client_address import UNKNOWN, Address, TrustedProxies, parse_address, parse_networks
from tests.examples import examples
from tests.runtime import reference_implementation

MODEST = examples(200)
PROXIES = TrustedProxies(parse_networks(["10.0.0.0/8", "127.0.0.1", "fd00::/8"]))
NEAR = {ip_address("10.0.0.1"), ip_address("10.0.0.2"), ip_address("fd00::1")}
addresses = st.ip_addresses().map(str)
forged = st.lists(st.one_of(addresses, st.text(max_size=60), st.sampled_from([" , ", "127.0.0.1", "::1%eth0"])))


def find_client(peer: str | None, lines: Iterable[str], proxies: TrustedProxies = PROXIES) -> Address:
    headers = CIMultiDict([("x-forwarded-for", line) for line in lines])
    return proxies.find_client(peer, CIMultiDictProxy(headers))


def client(peer: str | None, *lines: str) -> str:
    return str(find_client(peer, lines))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("8.8.8.8", "8.8.8.8"),
        (" 8.8.8.8\t", "8.8.8.8"),
        ("8.8.8.8:4711", "8.8.8.8"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("::ffff:8.8.8.8", "8.8.8.8"),
        ("[::ffff:8.8.8.8]:80", "8.8.8.8"),
        ("::1", "::1"),
    ],
)
def test_an_address_is_read_as_proxies_write_it(text: str, address: str) -> None:
    assert parse_address(text) == ip_address(address)


@pytest.mark.parametrize(
    "text",
    ["", " ", "' OR 1=1", "999.1.1.1", "fe80::1%eth0", "unknown", "_hidden", "1.2.3", "08.8.8.8", "\u0661.2.3.4", "\0"],
)
def test_what_is_no_address_is_none(text: str) -> None:
    assert parse_address(text) is None


@MODEST
@given(st.text(max_size=80))
def test_reading_an_address_never_fails(text: str) -> None:
    assert parse_address(text) is None or isinstance(parse_address(text), IPv4Address | IPv6Address)


@MODEST
@given(addresses.filter(lambda text: not PROXIES.trusts(ip_address(text))), forged)
def test_forged_headers_change_nothing_for_a_peer_that_is_not_trusted(peer: str, lines: list[str]) -> None:
    assert find_client(peer, lines) == find_client(peer, [])


@MODEST
@given(visitor=addresses.filter(lambda text: not PROXIES.trusts(ip_address(text))), lines=forged, joined=st.booleans())
def test_what_a_client_writes_left_of_what_its_proxy_adds_is_never_believed(
    *, visitor: str, lines: list[str], joined: bool
) -> None:
    appended = [", ".join([*lines, visitor])] if joined else [*lines, visitor]
    assert find_client("10.1.2.3", appended) == parse_address(visitor)


@MODEST
@given(lines=forged, unreadable=st.sampled_from(["unknown", "_hidden", "::1%eth0"]), last=st.just("10.0.0.9"))
def test_what_stands_left_of_an_unreadable_entry_changes_nothing(lines: list[str], unreadable: str, last: str) -> None:
    assert find_client("10.1.2.3", [*lines, unreadable, last]) == find_client("10.1.2.3", [unreadable, last])


@MODEST
@given(st.lists(addresses | st.sampled_from([*map(str, NEAR), "8.8.8.8:80", "[::1]:80", "", "x"]), max_size=6))
def test_any_lines_are_read_as_the_reference_implementation_reads_them(lines: list[str]) -> None:
    proxies = TrustedProxies([ip_network(address) for address in NEAR])
    peer = min(NEAR, key=str)

    assert find_client(str(peer), lines, proxies) == reference_implementation.find_plain_client(peer, NEAR, lines)


def test_the_rightmost_untrusted_of_all_lines_is_the_client() -> None:
    assert client("10.0.0.1", "1.1.1.1, 2.2.2.2", "3.3.3.3, 10.0.0.9", "fd00::7") == "3.3.3.3"


def test_a_chain_of_trusted_proxies_alone_gives_its_far_end() -> None:
    assert client("127.0.0.1", "10.0.0.5, 10.0.0.6") == "10.0.0.5"


def test_an_empty_entry_says_nothing() -> None:
    assert client("10.0.0.1", "2.2.2.2, ,10.0.0.9,", "") == "2.2.2.2"


def test_an_unreadable_entry_ends_the_chain_at_the_proxy_that_passed_it_on() -> None:
    assert client("127.0.0.1", "8.8.8.8, ' OR 1=1, 10.0.0.6") == "10.0.0.6"
    assert client("127.0.0.1", "999.1.1.1") == "127.0.0.1"
    assert client("127.0.0.1", "") == "127.0.0.1"


def test_a_mapped_address_is_trusted_and_believed_as_the_v4_address_it_is() -> None:
    assert client("::ffff:10.0.0.1", "::ffff:8.8.8.8") == "8.8.8.8"


@pytest.mark.parametrize("text", ["::ffff:10.0.0.0/104", "::ffff:a00:0/104", "::ffff:10.0.0.1", "10.0.0.1"])
def test_a_proxy_is_trusted_however_its_ipv4_network_is_written(text: str) -> None:
    proxies = TrustedProxies(parse_networks([text]))
    for peer in ("10.0.0.1", "::ffff:10.0.0.1"):
        assert str(find_client(peer, ["8.8.8.8"], proxies)) == "8.8.8.8"
        assert str(find_client("11.0.0.1", ["8.8.8.8"], proxies)) == "11.0.0.1"


def test_an_ipv6_network_that_merely_contains_the_mapped_addresses_trusts_no_ipv4_proxy() -> None:
    proxies = TrustedProxies(parse_networks(["::/0"]))
    assert str(find_client("10.0.0.1", ["8.8.8.8"], proxies)) == "10.0.0.1"


def test_a_peer_with_a_zone_has_its_address_and_may_be_a_trusted_proxy() -> None:
    assert client("fe80::1%eth0") == "fe80::1"
    for text in ("fe80::/10", "fe80::1", "fe80::1%eth0", "fe80::1%eth0/128"):
        proxies = TrustedProxies(parse_networks([text]))
        assert str(find_client("fe80::1%eth1", ["8.8.8.8"], proxies)) == "8.8.8.8"


def test_a_peer_without_an_address_is_unknown_and_believed_in_nothing() -> None:
    assert client(None, "8.8.8.8") == str(UNKNOWN)
    assert client("", "8.8.8.8") == str(UNKNOWN)


def test_of_an_endless_chain_only_the_last_hops_are_read() -> None:
    assert client("127.0.0.1", ",".join(["8.8.8.8", *["10.0.0.1"] * 10_000])) == "10.0.0.1"


def test_without_trusted_proxies_the_peer_is_the_client() -> None:
    assert str(find_client("127.0.0.1", ["8.8.8.8"], TrustedProxies(()))) == "127.0.0.1"


@pytest.mark.parametrize("text", ["10.0.0.1/8", "nonsense", "10.0.0.0/33"])
def test_a_network_that_is_none_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match=text.split("/", maxsplit=1)[0]):
        parse_networks(["10.0.0.0/8", text])
