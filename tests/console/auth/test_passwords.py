"""The password, and what is made of it."""

import pytest

from console.auth.passwords import Passwords, is_same


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


def test_secrets_are_compared_whatever_they_are_made_of() -> None:
    assert is_same("pässword", "pässword")
    assert not is_same("\udcff", "pässword")
