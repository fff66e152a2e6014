"""Passwords, checked by argon2id: each guess costs 20 MiB of memory and some tens of milliseconds."""

import hashlib
import hmac
import secrets
from typing import Final

import msgspec
from argon2.exceptions import Argon2Error, InvalidHashError
from argon2.low_level import Type, hash_secret, hash_secret_raw, verify_secret

from console.auth.users import OWNER_ID, Account

KEY_BYTES: Final = 32
SALT_BYTES: Final = 16


class GuessCost(msgspec.Struct, frozen=True):
    """What a guess costs: memory, and passes over it."""

    memory_kib: int
    passes: int


OWASP_COST: Final = GuessCost(memory_kib=19 * 1024, passes=2)
"""The minimum of OWASP's password storage cheat sheet."""


class Passwords:
    """Checks guesses at users' passwords and at that of the setting, and derives keys that change with the latter.

    Even with a dump of all tables, each guess at a password costs one argon2id. Constructing this takes as long as
    two guesses. `checked` counts guesses: each costs the same, whether there is such a user or not.
    """

    def __init__(self, password: str, secret: str, cost: GuessCost = OWASP_COST) -> None:
        self._cost = cost
        self._salt = hashlib.sha256(b"clickrail console\0" + encode(secret)).digest()[:SALT_BYTES]
        self._root = derive(password, self._salt, cost)
        self._nobodys = self.hash(secrets.token_hex(KEY_BYTES))
        self._secret = encode(secret)
        self.checked = 0

    def matches(self, guess: str) -> bool:
        """Check a guess. Blocks this thread, but releases the GIL."""
        return hmac.compare_digest(derive(guess, self._salt, self._cost), self._root)

    def matches_account(self, guess: str, account: Account | None) -> bool:
        """Check a guess at a user's password; null: there is no such user, and the guess costs as much."""
        self.checked += 1
        if account is not None and account.id == OWNER_ID and account.password_hash is None:
            return self.matches(guess)
        stored = account.password_hash if account is not None else None
        matches = is_hash_of(stored or self._nobodys, guess)
        return matches and stored is not None

    def hash(self, password: str) -> str:
        """Hash a password for the table, in argon2's own format. Blocks this thread, but releases the GIL."""
        return hash_secret(
            encode(password),
            secrets.token_bytes(SALT_BYTES),
            time_cost=self._cost.passes,
            memory_cost=self._cost.memory_kib,
            parallelism=1,
            hash_len=KEY_BYTES,
            type=Type.ID,
        ).decode()

    def make_lasting_key(self, purpose: str) -> bytes:
        """Derive a key that changes with the session secret alone, or with the password if there is no such secret."""
        return hmac.digest(self._secret, encode(purpose), "sha256") if self._secret else self.make_key(purpose)

    def make_key(self, purpose: str) -> bytes:
        return hmac.digest(self._root, encode(purpose), "sha256")


def is_hash_of(stored: str, guess: str) -> bool:
    try:
        return verify_secret(stored.encode(), encode(guess), Type.ID)
    except (Argon2Error, InvalidHashError):
        return False


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
