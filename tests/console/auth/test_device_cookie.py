"""Browsers that have logged in before."""

import pytest

from console.auth.device_cookie import read_device_cookie, write_device_cookie

KEY, BROWSER = b"key", bytes(range(16))
COOKIE = write_device_cookie(KEY, BROWSER, "owner")


def test_a_browser_is_known_by_the_cookie_it_was_given() -> None:
    assert read_device_cookie(KEY, COOKIE, "owner") == BROWSER


@pytest.mark.parametrize("place", range(len(COOKIE)))
def test_a_changed_character_anywhere_makes_a_stranger(place: int) -> None:
    changed = COOKIE[:place] + ("A" if COOKIE[place] != "A" else "B") + COOKIE[place + 1 :]

    assert read_device_cookie(KEY, changed, "owner") is None


@pytest.mark.parametrize("cookie", ["", "💣", "A" * 43, COOKIE + "A", "x" * 5000])
def test_nonsense_makes_a_stranger(cookie: str) -> None:
    assert read_device_cookie(KEY, cookie, "owner") is None


def test_a_cookie_of_before_the_password_was_changed_makes_a_stranger() -> None:
    assert read_device_cookie(b"another key", COOKIE, "owner") is None


def test_a_browser_of_one_user_is_a_stranger_to_another_users_password() -> None:
    assert read_device_cookie(KEY, COOKIE, "vera") is None
