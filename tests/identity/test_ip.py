from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.ip import IpHashKeys, IpSealKeys, hash_ip, hash_visitor, open_ip, seal_ip
from identity.keys import KeyRing, activate, add, destroy, init_ring, rotate
from identity.verification import VerificationError
from tests.identity.builders import (
    CLICK_ID,
    MODEST,
    NONCE,
    NOW,
    OTHER_CLICK_ID,
    known_ring,
    randomness,
    secret,
)
from tests.identity.reference_implementation import read_sealed_ip, write_ip_hash, write_sealed_ip

SEAL_KEYS = IpSealKeys(known_ring())
HASH_KEYS = IpHashKeys(known_ring())
ADDRESS = ip_address("203.0.113.7")
SEALED = seal_ip(SEAL_KEYS, ADDRESS.packed, CLICK_ID, NONCE)
MAPPED = ip_address("::ffff:203.0.113.7")

addresses = st.ip_addresses().filter(lambda address: not getattr(address, "ipv4_mapped", None))


@MODEST
@given(addresses, st.binary(min_size=12, max_size=12))
def test_a_sealed_address_is_the_one_the_document_describes_and_comes_back(
    address: IPv4Address | IPv6Address, nonce: bytes
) -> None:
    sealed = seal_ip(SEAL_KEYS, address.packed, CLICK_ID, nonce)

    assert sealed == write_sealed_ip(secret("ip_seal"), "k7", CLICK_ID, address.packed, nonce)
    assert read_sealed_ip(secret("ip_seal"), CLICK_ID, sealed) == address.packed
    assert open_ip(SEAL_KEYS, sealed, CLICK_ID) == address


@MODEST
@given(addresses)
def test_a_hash_is_the_one_the_document_describes(address: IPv4Address | IPv6Address) -> None:
    assert hash_ip(HASH_KEYS, address.packed) == ("k7", write_ip_hash(secret("ip_hash"), address.packed))


def test_an_ipv4_address_written_as_ipv6_is_the_same_visitor() -> None:
    assert hash_ip(HASH_KEYS, MAPPED.packed) == hash_ip(HASH_KEYS, ADDRESS.packed)
    assert seal_ip(SEAL_KEYS, MAPPED.packed, CLICK_ID, NONCE) == SEALED


def test_two_ipv6_addresses_of_one_network_are_two_visitors() -> None:
    one, other = ip_address("2001:db8::1"), ip_address("2001:db8::2")

    assert hash_ip(HASH_KEYS, one.packed) != hash_ip(HASH_KEYS, other.packed)


def test_an_address_cannot_be_moved_to_another_click() -> None:
    assert open_ip(SEAL_KEYS, SEALED, OTHER_CLICK_ID) == VerificationError("forged")


def test_neither_the_packed_nor_the_written_address_shows_in_the_sealed_one() -> None:
    assert str(ADDRESS) not in SEALED
    assert ADDRESS.packed.hex() not in SEALED.encode().hex()


def test_no_character_can_be_changed() -> None:
    for at, character in product(range(len(SEALED)), "A9_.=\n\u00e9\udcff"):
        changed = SEALED[:at] + character + SEALED[at + 1 :]
        if changed != SEALED:
            assert isinstance(open_ip(SEAL_KEYS, changed, CLICK_ID), VerificationError)


@MODEST
@given(st.text(max_size=70) | st.text(min_size=47, max_size=47), st.text(max_size=30))
def test_any_text_is_answered(text: str, click_id: str) -> None:
    assert isinstance(open_ip(SEAL_KEYS, text, click_id), VerificationError)


@pytest.mark.parametrize("packed", [b"", b"\x01\x02\x03", b"203.0.113.7", bytes(17)])
def test_what_is_no_address_is_a_value_error(packed: bytes) -> None:
    with pytest.raises(ValueError, match="4 or 16 bytes"):
        hash_ip(HASH_KEYS, packed)
    with pytest.raises(ValueError, match="4 or 16 bytes"):
        seal_ip(SEAL_KEYS, packed, CLICK_ID, NONCE)


def test_a_wrong_key_reverses_nothing_and_the_key_itself_does() -> None:
    network = [bytes([203, 0, 113, low]) for low in range(256)]
    hashed = hash_ip(HASH_KEYS, ADDRESS.packed)
    wrong = IpHashKeys(init_ring(NOW, randomness(1, 4 * 36)))

    assert [packed for packed in network if hash_ip(wrong, packed)[1] == hashed[1]] == []
    assert [packed for packed in network if hash_ip(HASH_KEYS, packed) == hashed] == [ADDRESS.packed]


def test_a_new_hash_key_makes_the_same_visitor_a_stranger() -> None:
    rotated = rotate(known_ring(), "ip_hash", NOW, randomness(1))

    assert hash_ip(IpHashKeys(rotated), ADDRESS.packed)[1] != hash_ip(HASH_KEYS, ADDRESS.packed)[1]


DAY = timedelta(days=1)
ROTATED = rotate(known_ring(), "ip_hash", NOW, randomness(1))
OLD, NEW = "k7", ROTATED.keys[-1].kid
TRAITS = b"browser\nde\nWindows"


def hashes_at(ring: KeyRing, at: datetime, address: str = "203.0.113.7", *, with_previous: bool = False) -> Any:
    return hash_visitor(IpHashKeys(ring).at(at), ip_address(address).packed, TRAITS, with_previous=with_previous)


@pytest.mark.parametrize(
    ("at", "kid"),
    [(NOW - 900 * DAY, OLD), (NOW - timedelta(milliseconds=1), OLD), (NOW, NEW), (NOW + DAY, NEW)],
    ids=["before all keys", "just before the rotation", "at the rotation", "later"],
)
def test_a_visitor_is_hashed_by_the_key_that_was_active_at_the_time(at: datetime, kid: str) -> None:
    assert hashes_at(ROTATED, at).kid == kid


def test_a_key_that_was_only_added_is_not_used() -> None:
    added = add(known_ring(), "ip_hash", NOW - DAY, randomness(1))
    activated = activate(added, "ip_hash", added.keys[-1].kid, NOW)

    assert hashes_at(added, NOW).kid == OLD
    assert hashes_at(activated, NOW - timedelta(seconds=1)).kid == OLD
    assert hashes_at(activated, NOW).kid == NEW


def test_of_three_keys_each_has_its_own_time() -> None:
    third = rotate(ROTATED, "ip_hash", NOW + DAY, randomness(2))
    kids = [hashes_at(third, NOW + number * DAY).kid for number in (-1, 0, 1)]
    assert kids == [OLD, NEW, third.keys[-1].kid]


def test_the_client_is_hashed_by_the_key_before_as_well_where_that_is_asked_for() -> None:
    before, after = hashes_at(ROTATED, NOW - DAY), hashes_at(ROTATED, NOW, with_previous=True)

    assert after.previous_client == before.client != after.client
    assert hashes_at(ROTATED, NOW).previous_client is None
    assert hashes_at(known_ring(), NOW, with_previous=True).previous_client is None


def test_a_destroyed_key_hashes_nothing_and_the_others_go_on() -> None:
    gone = destroy(ROTATED, "ip_hash", OLD)

    assert hashes_at(gone, NOW - DAY) is None
    assert hashes_at(gone, NOW, with_previous=True).kid == NEW
    assert hashes_at(gone, NOW, with_previous=True).previous_client is None


def test_a_network_is_an_ipv4_address_or_the_first_half_of_an_ipv6_address() -> None:
    v4, mapped = hashes_at(ROTATED, NOW), hashes_at(ROTATED, NOW, "::ffff:203.0.113.7")
    one, same = hashes_at(ROTATED, NOW, "2001:db8::1"), hashes_at(ROTATED, NOW, "2001:db8::2")
    other = hashes_at(ROTATED, NOW, "2001:db8:0:1::1")

    assert v4 == mapped
    assert v4.net == v4.ip
    assert (one.net, one.client) == (same.net, same.client)
    assert one.ip != same.ip
    assert len({one.net, one.client, one.ip, other.net, other.client, other.ip}) == 6


def test_another_browser_in_a_network_is_another_client() -> None:
    key = IpHashKeys(ROTATED).at(NOW)
    one = hash_visitor(key, ADDRESS.packed, TRAITS, with_previous=False)
    other = hash_visitor(key, ADDRESS.packed, b"another\nde\nWindows", with_previous=False)

    assert one is not None
    assert other is not None
    assert (one.net, one.client == other.client) == (other.net, False)
