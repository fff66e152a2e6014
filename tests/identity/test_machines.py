"""docs/identity.md, Rotation: several machines, each with a copy of the key ring's file that people bring."""

import shutil
from itertools import product
from pathlib import Path

import pytest

from identity.cookie import CookieKeys, OpenedCookie, open_cookie, seal_cookie
from identity.ip import IpSealKeys, open_ip, seal_ip
from identity.keyfile import WatchedKeyRing, edit_ring, read_ring
from identity.keys import KeyRing, activate, add, destroy, rotate
from identity.token import TokenKeys, make_token, verify_token
from identity.verification import VerificationError
from tests.identity.builders import (
    CLAIMS,
    CLICK_ID,
    NAME,
    NONCE,
    NOW,
    NOW_S,
    active,
    known_ring,
    randomness,
    write_ring,
)

ADDRESS = bytes((203, 0, 113, 7))
ROTATED = ("cookie", "token", "ip_seal")


def added(ring: KeyRing) -> KeyRing:
    for seed, purpose in enumerate(ROTATED, start=1):
        ring = add(ring, purpose, NOW, randomness(seed))
    return ring


def activated(ring: KeyRing) -> KeyRing:
    for purpose in ROTATED:
        (kid,) = {key.kid for key in ring.keys if key.purpose == purpose} - {"k7"}
        ring = activate(ring, purpose, kid, NOW)
    return ring


def destroyed(ring: KeyRing) -> KeyRing:
    for purpose in ROTATED:
        ring = destroy(ring, purpose, "k7")
    return ring


BEFORE = known_ring()
ADDED = added(BEFORE)
ACTIVATED = activated(ADDED)
DESTROYED = destroyed(ACTIVATED)


def meet(maker: KeyRing, reader: KeyRing) -> set[str]:
    """Let one machine read what another makes; give the reasons why something is refused, none when all is read."""
    read = (
        open_cookie(CookieKeys(reader), NAME, seal_cookie(CookieKeys(maker), NAME, CLAIMS, NONCE), NOW_S),
        verify_token(TokenKeys(reader), make_token(TokenKeys(maker), CLICK_ID, "shop"), "shop"),
        open_ip(IpSealKeys(reader), seal_ip(IpSealKeys(maker), ADDRESS, CLICK_ID, NONCE), CLICK_ID),
    )
    return {value.reason for value in read if isinstance(value, VerificationError)}


@pytest.mark.parametrize("step", [(BEFORE, ADDED), (ADDED, ACTIVATED)], ids=["while added", "while activated"])
def test_while_the_file_is_copied_every_machine_reads_what_every_other_makes(step: tuple[KeyRing, KeyRing]) -> None:
    assert [meet(maker, reader) for maker, reader in product(step, step)] == [set()] * 4


def test_rotating_in_one_step_lets_machines_meet_keys_they_do_not_know() -> None:
    assert meet(maker=ACTIVATED, reader=BEFORE) == {"unknown_key"}


def test_two_machines_that_rotate_each_for_itself_do_not_know_each_others_keys() -> None:
    one, other = (rotate(known_ring(), "ip_seal", NOW, randomness(seed)) for seed in (1, 2))

    assert active(one, "ip_seal").kid != active(other, "ip_seal").kid
    assert meet(one, other) == meet(other, one) == {"unknown_key"}


def test_a_key_is_destroyed_when_every_machine_has_stopped_using_it_and_not_before() -> None:
    assert meet(maker=ACTIVATED, reader=DESTROYED) == meet(maker=DESTROYED, reader=ACTIVATED) == set()
    assert meet(maker=ADDED, reader=DESTROYED) == {"destroyed_key"}


def test_a_machine_whose_copy_is_still_the_old_one_opens_what_was_destroyed_elsewhere() -> None:
    sealed = seal_ip(IpSealKeys(BEFORE), ADDRESS, CLICK_ID, NONCE)

    assert open_ip(IpSealKeys(DESTROYED), sealed, CLICK_ID) == VerificationError("destroyed_key")
    assert not isinstance(open_ip(IpSealKeys(ACTIVATED), sealed, CLICK_ID), VerificationError)


def test_a_file_that_is_copied_over_in_pieces_is_the_old_ring_until_it_is_whole(tmp_path: Path) -> None:
    source, copy = tmp_path / "source.json", tmp_path / "copy.json"
    write_ring(source, BEFORE)
    shutil.copy(source, copy)
    watched = WatchedKeyRing(copy)
    edit_ring(source, added)
    whole, seen = source.read_bytes(), []

    for end in (*range(0, len(whole), 97), len(whole)):
        copy.write_bytes(whole[:end])
        watched.refresh()
        seen.append(watched.ring)

    assert seen == [BEFORE] * (len(seen) - 1) + [read_ring(source)]
    value = seal_cookie(CookieKeys(seen[0]), NAME, CLAIMS, NONCE)
    assert isinstance(open_cookie(CookieKeys(seen[-1]), NAME, value, NOW_S), OpenedCookie)
