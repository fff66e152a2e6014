"""Key rotations are drawn when a key was replaced, and no shared page says so."""

from datetime import timedelta
from functools import partial
from pathlib import Path

from console.annotations.key_rotations import write_rotations
from console.token_keys import LiveTokenKeys
from identity.keyfile import create_ring, edit_ring
from identity.keys import KEY_RANDOMNESS, RING_RANDOMNESS, init_ring, rotate
from tests.identity.builders import NOW, randomness

LATER = NOW + timedelta(days=300)


def test_a_key_that_was_replaced_is_a_rotation_and_a_first_one_is_none(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    create_ring(file, init_ring(NOW, randomness(0, RING_RANDOMNESS)))
    keys = LiveTokenKeys(str(file))
    before = write_rotations(keys.list_keys())
    edit_ring(file, partial(rotate, purpose="ip_hash", now=LATER, randomness=randomness(1, KEY_RANDOMNESS)))
    (found,) = write_rotations(keys.list_keys())

    assert before == []
    assert (found.at, found.kind, found.public) == (LATER, "keys", "")
    assert "hashes addresses" in found.text
