"""Sessions: what is believed, and what is not."""

import pytest

from console.sessions import Session, Sessions, is_same

SESSION = Session("id", "csrf", expires_at=1000)


def test_a_session_opens_as_what_was_sealed() -> None:
    sessions = Sessions("secret", "password")

    assert sessions.open(sessions.seal(SESSION), now_s=999) == SESSION


def test_a_session_ends_at_its_time() -> None:
    sessions = Sessions("secret", "password")

    assert sessions.open(sessions.seal(SESSION), now_s=1000) is None


def test_a_flipped_character_anywhere_is_refused() -> None:
    sessions = Sessions("secret", "password")
    sealed = sessions.seal(SESSION)
    # The last character of a signature carries two bits that are not read.
    changed = [
        sealed[:place] + ("A" if sealed[place] != "A" else "B") + sealed[place + 1 :]
        for place in range(len(sealed) - 1)
    ]

    assert [other for other in changed if sessions.open(other, now_s=1) is not None] == []


@pytest.mark.parametrize("sealed", ["", ".", "a.b", "💣", "x" * 5000, "e30.e30"])
def test_nonsense_is_refused(sealed: str) -> None:
    assert Sessions("secret", "password").open(sealed, now_s=1) is None


def test_another_secret_or_another_password_ends_every_session() -> None:
    sealed = Sessions("secret", "password").seal(SESSION)

    assert Sessions("other", "password").open(sealed, now_s=1) is None
    assert Sessions("secret", "other").open(sealed, now_s=1) is None


def test_a_session_that_was_logged_out_is_refused_although_it_is_genuine() -> None:
    sessions = Sessions("secret", "password")
    sealed = sessions.seal(SESSION)
    sessions.revoke(SESSION, now_s=1)

    assert sessions.open(sealed, now_s=2) is None


def test_secrets_are_compared_whatever_they_are_made_of() -> None:
    assert is_same("pässword", "pässword")
    assert not is_same("\udcff", "pässword")
