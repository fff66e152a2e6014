from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.pretty import pretty_repr

from identity.cookie import CookieKeys, OpenedCookie, open_cookie, seal_cookie
from identity.keys import (
    PURPOSES,
    RING_RANDOMNESS,
    Key,
    KeyRing,
    KeyRingError,
    KeySummary,
    Purpose,
    activate,
    add,
    destroy,
    destroy_retired,
    find_key,
    find_ring_problem,
    init_ring,
    list_keys,
    rotate,
)
from identity.verification import VerificationError
from tests.identity.builders import CLAIMS, MODEST, NAME, NONCE, NOW, NOW_S, active, known_ring, randomness

HOUR = timedelta(hours=1)
RING = init_ring(NOW, randomness(0, RING_RANDOMNESS))


def states(ring: KeyRing) -> dict[str, str]:
    return {key.kid: key.state for key in ring.keys if key.purpose == "cookie"}


def test_a_new_ring_has_one_active_key_for_each_purpose_and_no_fault() -> None:
    assert [(key.purpose, key.state, key.created_at) for key in RING.keys] == [(p, "active", NOW) for p in PURPOSES]
    assert len({key.secret for key in RING.keys}) == 4
    assert find_ring_problem(RING) is None


def test_rotation_keeps_the_old_key_readable_and_touches_no_other_purpose() -> None:
    old = active(RING, "cookie")
    ring = rotate(RING, "cookie", NOW + HOUR, randomness(1))
    new = active(ring, "cookie")

    assert new.secret == randomness(1)[:32]
    assert find_key(ring, "cookie", old.kid) == msgspec.structs.replace(old, state="read_only", retired_at=NOW + HOUR)
    assert [key for key in ring.keys if key.purpose != "cookie"] == [k for k in RING.keys if k.purpose != "cookie"]


def test_a_key_is_added_first_and_activated_when_every_machine_knows_it() -> None:
    added = add(known_ring(), "cookie", NOW, randomness(1))
    new = added.keys[-1].kid
    activated = activate(added, "cookie", new, NOW + HOUR)

    assert states(added) == {"k7": "active", new: "read_only"}
    assert states(activated) == {"k7": "read_only", new: "active"}
    value = seal_cookie(CookieKeys(activated), NAME, CLAIMS, NONCE)
    assert isinstance(open_cookie(CookieKeys(added), NAME, value, NOW_S), OpenedCookie)


def test_an_activated_key_can_be_taken_back() -> None:
    ring = rotate(known_ring(), "cookie", NOW, randomness(1))

    assert find_key(activate(ring, "cookie", "k7", NOW), "cookie", "k7").retired_at is None


def test_destroying_a_key_leaves_its_name_and_nothing_of_its_secret() -> None:
    ring = destroy(rotate(known_ring(), "cookie", NOW, randomness(1)), "cookie", "k7")
    key = find_key(ring, "cookie", "k7")

    assert (key.state, key.secret) == ("destroyed", None)
    assert "secret" not in msgspec.json.decode(msgspec.json.encode(key))
    assert destroy(ring, "cookie", "k7") == ring


def test_only_keys_retired_before_the_time_are_destroyed() -> None:
    first = rotate(known_ring(), "cookie", NOW, randomness(1))
    kid = active(first, "cookie").kid
    second = add(rotate(first, "cookie", NOW + HOUR, randomness(2)), "cookie", NOW, randomness(3))

    ring = destroy_retired(second, "cookie", before=NOW + HOUR)

    assert states(ring) == states(second) | {"k7": "destroyed"}
    assert states(ring)[kid] == "read_only"


@pytest.mark.parametrize(
    ("kid", "message"),
    [("k7", "The cookie key k7 is the active one: rotate first"), ("zz", "There is no cookie key 'zz'")],
)
def test_a_key_in_use_or_unknown_is_not_destroyed(kid: str, message: str) -> None:
    with pytest.raises(KeyRingError, match=message):
        destroy(known_ring(), "cookie", kid)


def test_a_destroyed_key_does_not_come_back() -> None:
    ring = destroy(rotate(known_ring(), "cookie", NOW, randomness(1)), "cookie", "k7")

    with pytest.raises(KeyRingError, match="cannot become active again"):
        activate(ring, "cookie", "k7", NOW)


def test_a_key_is_not_made_of_too_little_randomness() -> None:
    with pytest.raises(ValueError, match="36 random bytes"):
        rotate(RING, "cookie", NOW, randomness(1)[:32])


def test_every_id_is_used_before_one_comes_again_and_then_that_of_the_oldest_destroyed_key() -> None:
    ring = RING
    for day in range(1, 1296):
        ring = rotate(ring, "ip_hash", NOW + timedelta(days=day), randomness(day))
    with pytest.raises(KeyRingError, match="All 1296 ids of ip_hash keys are taken"):
        rotate(ring, "ip_hash", NOW, randomness(9999))
    ring = destroy_retired(ring, "ip_hash", before=NOW + timedelta(days=1000))
    again = rotate(ring, "ip_hash", NOW + timedelta(days=1296), randomness(9999))

    assert len({key.kid for key in ring.keys if key.purpose == "ip_hash"}) == 1296
    assert active(again, "ip_hash").kid == active(RING, "ip_hash").kid
    assert find_ring_problem(again) is None


def test_the_list_shows_the_newest_first_and_no_secret() -> None:
    ring = rotate(known_ring(), "cookie", NOW + HOUR, randomness(1))
    new = active(ring, "cookie").kid

    assert list_keys(ring) == [
        KeySummary("cookie", new, "active", NOW + HOUR, None),
        KeySummary("cookie", "k7", "read_only", NOW, NOW + HOUR),
        KeySummary("token", "k7", "active", NOW, None),
        KeySummary("ip_seal", "k7", "active", NOW, None),
        KeySummary("ip_hash", "k7", "active", NOW, None),
    ]


def test_no_representation_shows_a_secret() -> None:
    ring = known_ring()
    shown = repr(ring) + str(ring) + f"{ring.keys[0]}" + pretty_repr(ring)

    assert shown.count("secret='***'") == 13
    assert not any(repr(key.secret)[2:-1] in shown for key in ring.keys)
    assert repr(Key("k7", "cookie", "destroyed", NOW)).endswith("retired_at=None, secret=None)")


COOKIE, TOKEN, IP_SEAL, IP_HASH = known_ring().keys
OLD = Key("k6", "cookie", "read_only", NOW, secret=randomness(6, 32))


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ((), "there must be one active cookie key, and there are 0"),
        ((COOKIE, TOKEN, IP_SEAL), "there must be one active ip_hash key, and there are 0"),
        (
            (COOKIE, TOKEN, IP_SEAL, IP_HASH, msgspec.structs.replace(OLD, state="active")),
            "there must be one active cookie key, and there are 2",
        ),
        ((COOKIE, TOKEN, IP_SEAL, IP_HASH, msgspec.structs.replace(OLD, kid="k7")), "the cookie key k7 is there twice"),
        (
            (COOKIE, TOKEN, IP_SEAL, IP_HASH, msgspec.structs.replace(OLD, secret=None)),
            "the cookie key k6 is read_only and has no secret",
        ),
        (
            (COOKIE, TOKEN, IP_SEAL, IP_HASH, msgspec.structs.replace(OLD, state="destroyed")),
            "the cookie key k6 is destroyed and has a secret",
        ),
        (
            (COOKIE, TOKEN, IP_SEAL, IP_HASH, msgspec.structs.replace(OLD, secret=b"changeme" * 4)),
            "the secret of the cookie key k6 is not random",
        ),
        (
            (COOKIE, TOKEN, IP_SEAL, IP_HASH, msgspec.structs.replace(OLD, secret=TOKEN.secret)),
            "the token key k7 and the cookie key k6 have the same secret",
        ),
    ],
)
def test_a_faulty_ring_is_told_apart(keys: tuple[Key, ...], fault: str) -> None:
    assert find_ring_problem(KeyRing(version=1, keys=keys)) == fault


steps = st.tuples(
    st.sampled_from(["rotate", "add", "activate", "destroy"]), st.sampled_from(PURPOSES), st.integers(0, 99)
)


def take(step: tuple[str, Purpose, int], ring: KeyRing, seed: int) -> KeyRing:
    """Change the ring as told; a change that is not allowed changes nothing."""
    verb, purpose, choice = step
    kids = [key.kid for key in ring.keys if key.purpose == purpose]
    kid = kids[choice % len(kids)]
    try:
        match verb:
            case "rotate":
                return rotate(ring, purpose, NOW, randomness(seed))
            case "add":
                return add(ring, purpose, NOW, randomness(seed))
            case "activate":
                return activate(ring, purpose, kid, NOW)
            case _:
                return destroy(ring, purpose, kid)
    except KeyRingError:
        return ring


@MODEST
@given(st.lists(steps, max_size=30))
def test_no_order_of_changes_makes_a_faulty_ring_or_loses_a_readable_cookie(
    taken: list[tuple[str, Purpose, int]],
) -> None:
    ring, sealed = RING, {}
    for seed, step in enumerate(taken, start=1):
        ring = take(step, ring, seed)
        keys = CookieKeys(ring)
        sealed.setdefault(keys.kid, seal_cookie(keys, NAME, CLAIMS, NONCE))

        assert find_ring_problem(ring) is None
        for kid, value in sealed.items():
            destroyed = find_key(ring, "cookie", kid).state == "destroyed"
            expected = (
                VerificationError("destroyed_key") if destroyed else OpenedCookie(*msgspec.structs.astuple(CLAIMS), kid)
            )
            assert open_cookie(keys, NAME, value, NOW_S) == expected
