"""Real values for the tests of identity: a ring of known secrets, a cookie of it, and what varies."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from identity.cookie import CookieClaims
from identity.keyfile import create_ring, edit_ring, read_ring
from identity.keys import KEY_RANDOMNESS, PURPOSES, Key, KeyRing, KeyRingError, Purpose
from tests.examples import examples

MODEST = examples(150)

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
NOW_S = int(NOW.timestamp())
DAY_S = 86_400
CLICK_ID = "01KAV9FT00JCKYZSHQA40QNF51"
OTHER_CLICK_ID = "01KAV9FT00JCKYZSHQA40QNF52"
NONCE = bytes(range(12))
NAME = "__Host-cr-shop"
CLAIMS = CookieClaims(CLICK_ID, "anna", "shop", NOW_S, NOW_S + 30 * DAY_S, CLICK_ID)


def secret(purpose: Purpose) -> bytes:
    """The secret the document's known answers use."""
    return hashlib.sha256(f"clickrail test key: {purpose}".encode()).digest()


def write_ring(path: Path, ring: KeyRing) -> None:
    """Put a ring in a file, whatever is there."""
    try:
        read_ring(path)
    except KeyRingError:
        path.unlink(missing_ok=True)
        create_ring(path, ring)
    else:
        edit_ring(path, lambda _: ring)


def known_ring() -> KeyRing:
    """The ring of the document's known answers: one key for each purpose, `k7`."""
    keys = tuple(Key("k7", purpose, "active", NOW, secret=secret(purpose)) for purpose in PURPOSES)
    return KeyRing(version=1, keys=keys)


def randomness(seed: int, size: int = KEY_RANDOMNESS) -> bytes:
    return hashlib.shake_256(f"clickrail {seed}".encode()).digest(size)


def active(ring: KeyRing, purpose: Purpose) -> Key:
    (key,) = (key for key in ring.keys if key.purpose == purpose and key.state == "active")
    return key
