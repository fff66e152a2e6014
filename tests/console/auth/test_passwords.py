"""The password, and what is made of it."""

import hashlib
import hmac

import pytest
from argon2.low_level import Type, hash_secret_raw

from console.auth.passwords import KEY_BYTES, Passwords, is_same


@pytest.fixture(scope="module")
def passwords() -> Passwords:
    return Passwords("pässword", "secret")


def test_the_password_matches_and_nothing_else_does(passwords: Passwords) -> None:
    guesses = ["pässword", "password", "pässword ", "", "\udcff", "x" * 100_000]

    assert [guess for guess in guesses if passwords.matches(guess)] == ["pässword"]


def test_keys_change_with_the_password_the_secret_and_the_purpose(passwords: Passwords) -> None:
    keys = [
        passwords.make_key("session"),
        passwords.make_key("guest"),
        Passwords("other", "secret").make_key("session"),
        Passwords("pässword", "other").make_key("session"),
    ]

    assert len(set(keys)) == len(keys)
    assert Passwords("pässword", "secret").make_key("session") == keys[0]


def test_a_guess_costs_what_owasp_asks_for_at_least(passwords: Passwords) -> None:
    salt = hashlib.sha256(b"clickrail console\0secret").digest()[:16]
    root = hash_secret_raw("pässword".encode(), salt, 2, 19 * 1024, 1, KEY_BYTES, Type.ID)

    assert passwords.make_key("session") == hmac.digest(root, b"session", "sha256")


def test_secrets_are_compared_whatever_they_are_made_of() -> None:
    assert is_same("pässword", "pässword")
    assert not is_same("\udcff", "pässword")
