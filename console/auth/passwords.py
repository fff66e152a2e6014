"""The password, checked by argon2id: each guess costs 20 MiB of memory and some tens of milliseconds."""

import hashlib
import hmac
from typing import Final

import msgspec
from argon2.low_level import Type, hash_secret_raw

KEY_BYTES: Final = 32
SALT_BYTES: Final = 16


class GuessCost(msgspec.Struct, frozen=True):
    """What a guess costs: memory, and passes over it."""

    memory_kib: int
    passes: int


OWASP_COST: Final = GuessCost(memory_kib=19 * 1024, passes=2)
"""The minimum of OWASP's password storage cheat sheet."""


class Passwords:
    """Checks guesses, and derives keys that change with the password.

    Even with a dump of all tables, each guess at the password costs one argon2id. Constructing this takes as long as
    one guess.
    """

    def __init__(self, password: str, secret: str, cost: GuessCost = OWASP_COST) -> None:
        self._cost = cost
        self._salt = hashlib.sha256(b"clickrail console\0" + encode(secret)).digest()[:SALT_BYTES]
        self._root = derive(password, self._salt, cost)

    def matches(self, guess: str) -> bool:
        """Check a guess. Blocks this thread, but releases the GIL."""
        return hmac.compare_digest(derive(guess, self._salt, self._cost), self._root)

    def make_key(self, purpose: str) -> bytes:
        return hmac.digest(self._root, encode(purpose), "sha256")


def derive(password: str, salt: bytes, cost: GuessCost) -> bytes:
    return hash_secret_raw(
        encode(password),
        salt,
        time_cost=cost.passes,
        memory_cost=cost.memory_kib,
        parallelism=1,
        hash_len=KEY_BYTES,
        type=Type.ID,
    )


def encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def is_same(given: str, expected: str) -> bool:
    """Compare two secrets in constant time, whatever their lengths."""
    digests = (hashlib.sha256(encode(text)).digest() for text in (given, expected))
    return hmac.compare_digest(*digests)
