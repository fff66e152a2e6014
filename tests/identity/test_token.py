from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.keys import destroy, rotate
from identity.token import TokenKeys, make_token, verify_token
from identity.verification import VerificationError
from tests.identity.builders import (
    CLICK_ID,
    MODEST,
    NOW,
    OTHER_CLICK_ID,
    active,
    known_ring,
    randomness,
    secret,
)
from tests.identity.reference_implementation import write_base32, write_token

KEYS = TokenKeys(known_ring())
TOKEN = make_token(KEYS, CLICK_ID)

ulids = st.integers(0, 2**128 - 1).map(lambda number: write_base32(number, 26))


@MODEST
@given(ulids)
def test_a_token_is_the_one_the_document_describes_and_gives_the_click_back(click_id: str) -> None:
    token = make_token(KEYS, click_id)

    assert token == write_token(secret("token"), "k7", click_id)
    assert verify_token(KEYS, token) == click_id


def test_no_character_can_be_changed() -> None:
    for at, character in product(range(len(TOKEN)), "0Z7az.-\n\u00e9\udcff"):
        changed = TOKEN[:at] + character + TOKEN[at + 1 :]
        if changed != TOKEN:
            assert isinstance(verify_token(KEYS, changed), VerificationError)


def test_a_proof_does_not_pass_for_another_click() -> None:
    assert verify_token(KEYS, OTHER_CLICK_ID + TOKEN[26:]) == VerificationError("forged")


def test_a_proof_does_not_pass_under_another_key_id() -> None:
    ring = rotate(known_ring(), "token", NOW, randomness(1))
    other = active(ring, "token").kid

    assert verify_token(TokenKeys(ring), f"{TOKEN[:27]}{other}{TOKEN[29:]}") == VerificationError("forged")


@pytest.mark.parametrize(
    "text",
    [
        "",
        CLICK_ID,
        TOKEN[:-1],
        TOKEN + "0",
        TOKEN.lower(),
        f" {TOKEN}",
        TOKEN.replace(".", ":"),
        "\u0661" * 45,
        "x" * 9999,
    ],
)
def test_what_has_not_the_form_is_malformed(text: str) -> None:
    assert verify_token(KEYS, text) == VerificationError("malformed")


def test_a_key_id_nobody_knows_is_said_to_be_unknown() -> None:
    assert verify_token(KEYS, f"{TOKEN[:27]}zz{TOKEN[29:]}") == VerificationError("unknown_key")


def test_tokens_outlive_rotation_until_their_key_is_destroyed() -> None:
    rotated = rotate(known_ring(), "token", NOW, randomness(1))
    destroyed = destroy(rotated, "token", "k7")

    assert verify_token(TokenKeys(rotated), TOKEN) == CLICK_ID
    assert make_token(TokenKeys(rotated), CLICK_ID) != TOKEN
    assert verify_token(TokenKeys(destroyed), TOKEN) == VerificationError("destroyed_key")


@MODEST
@given(st.text(max_size=60) | st.text(min_size=45, max_size=45))
def test_any_text_is_answered(text: str) -> None:
    assert isinstance(verify_token(KEYS, text), VerificationError)
