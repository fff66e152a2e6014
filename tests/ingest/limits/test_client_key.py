from ipaddress import IPv4Address, ip_address

from hypothesis import given
from hypothesis import strategies as st

from identity.ip import hash_ip
from ingest.limits.client_key import client_key, name_client
from tests.ingest.limits.builders import MODEST, OFFICE, hash_keys

UNKNOWN = ("0.0.0.0", "::")  # noqa: S104 - addresses, not places to listen


def test_an_ipv4_client_is_its_address() -> None:
    assert client_key(IPv4Address("198.51.100.7")) != client_key(IPv4Address("198.51.100.8"))


def test_an_ipv6_client_is_its_64() -> None:
    texts = ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"]
    one, same, other = (client_key(ip_address(text)) for text in texts)
    assert (one == same, one == other) == (True, False)


@MODEST
@given(st.ip_addresses(v=4), st.ip_addresses(v=6))
def test_no_ipv6_client_is_taken_for_an_ipv4_one(four: IPv4Address, six: IPv4Address) -> None:
    assert client_key(six) is None or client_key(four) != client_key(six)


def test_the_address_nobody_knows_is_no_client() -> None:
    assert [client_key(ip_address(text)) for text in UNKNOWN] == [None, None]


def test_a_name_shows_no_address_and_cannot_be_joined_with_the_hash_of_a_click() -> None:
    key = client_key(OFFICE)
    assert key
    name = name_client(hash_keys(), key)
    _, of_click = hash_ip(hash_keys(), OFFICE.packed)
    assert (len(name), name == of_click, OFFICE.packed.hex() in name, str(key) in name) == (32, False, False, False)


def test_a_client_has_one_name_and_two_have_two() -> None:
    names = {name_client(hash_keys(), key) for key in (1, 2, 1, 1 << 64 | 1)}
    assert len(names) == 3
