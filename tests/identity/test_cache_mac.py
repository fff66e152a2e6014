"""Tags on what goes into a shared cache: nobody without the ring can make one."""

from datetime import UTC, datetime

from identity.cache_mac import TAG_LENGTH, CacheMac
from identity.keys import destroy, rotate
from tests.identity.builders import active, known_ring, randomness

MESSAGE = b"clickrail:referrals:code:abc 0123456789ab 3 3 {}"


def test_a_tag_is_genuine_for_its_message_alone() -> None:
    mac = CacheMac(known_ring())
    tag = mac.make_tag(MESSAGE)

    assert len(tag) == TAG_LENGTH
    assert mac.is_genuine(MESSAGE, tag)
    assert not mac.is_genuine(MESSAGE + b" ", tag)
    assert not mac.is_genuine(MESSAGE, b"A" * TAG_LENGTH)
    assert not mac.is_genuine(MESSAGE, tag[:-1])
    assert not mac.is_genuine(MESSAGE, b"")


def test_the_tag_is_known() -> None:
    # Processes of two releases share a cache: the tag is part of the format.
    assert CacheMac(known_ring()).make_tag(MESSAGE) == KNOWN


def test_what_an_older_key_made_is_genuine_until_that_key_is_destroyed() -> None:
    ring = known_ring()
    tag = CacheMac(ring).make_tag(MESSAGE)
    rotated = rotate(ring, "token", datetime(2026, 1, 1, tzinfo=UTC), randomness(9))
    destroyed = destroy(rotated, "token", active(ring, "token").kid)

    assert CacheMac(rotated).is_genuine(MESSAGE, tag)
    assert CacheMac(rotated).make_tag(MESSAGE) != tag
    assert not CacheMac(destroyed).is_genuine(MESSAGE, tag)


def test_another_ring_has_other_tags() -> None:
    other = rotate(known_ring(), "token", datetime(2026, 1, 1, tzinfo=UTC), randomness(9))

    assert not CacheMac(known_ring()).is_genuine(MESSAGE, CacheMac(other).make_tag(MESSAGE))


KNOWN = b"Hl7jslV6NLkdasQlxrcPiQ"
