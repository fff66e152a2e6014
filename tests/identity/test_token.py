from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.keys import KeyRingError, add, destroy, rotate
from identity.probe_link import make_test_proof
from identity.token import (
    MOST_PROGRAMS,
    ProgramKey,
    TokenKeys,
    export_keys,
    make_token,
    read_click_id,
    verify_token,
)
from identity.verification import VerificationError
from tests.identity.builders import (
    CLICK_ID,
    MODEST,
    NOW,
    NOW_S,
    OTHER_CLICK_ID,
    active,
    known_ring,
    randomness,
    secret,
)
from tests.identity.reference_implementation import (
    derive_program_key,
    read_base64url,
    write_base32,
    write_test_proof,
    write_token,
)

KEYS = TokenKeys(known_ring())
SHOP = "shop"
TOKEN = make_token(KEYS, CLICK_ID, SHOP)

program_ids = st.text("abcxyz019_-", min_size=1, max_size=40)
ulids = st.integers(0, 2**128 - 1).map(lambda number: write_base32(number, 26))


@MODEST
@given(ulids, program_ids)
def test_a_token_is_the_one_the_document_describes_and_gives_the_click_back(click_id: str, program_id: str) -> None:
    token = make_token(KEYS, click_id, program_id)

    assert token == write_token(derive_program_key(secret("token"), program_id), "k7", click_id)
    assert verify_token(KEYS, token, program_id) == click_id
    assert read_click_id(KEYS, token) == click_id


def test_no_character_can_be_changed() -> None:
    for at, character in product(range(len(TOKEN)), "0Z7az.-\n\u00e9\udcff"):
        changed = TOKEN[:at] + character + TOKEN[at + 1 :]
        if changed != TOKEN:
            assert isinstance(verify_token(KEYS, changed, SHOP), VerificationError)


def test_a_proof_does_not_pass_for_another_click() -> None:
    assert verify_token(KEYS, OTHER_CLICK_ID + TOKEN[26:], SHOP) == VerificationError("forged")


@MODEST
@given(program_ids, program_ids)
def test_a_token_is_forged_for_any_other_program(program_id: str, other: str) -> None:
    verified = verify_token(KEYS, make_token(KEYS, CLICK_ID, program_id), other)

    assert verified == (CLICK_ID if other == program_id else VerificationError("forged"))


def test_a_merchants_key_makes_the_tokens_of_its_program_and_no_other() -> None:
    (exported,) = export_keys(known_ring(), SHOP)
    key = read_base64url(exported.key)

    assert write_token(key, exported.kid, CLICK_ID) == TOKEN
    assert verify_token(KEYS, write_token(key, exported.kid, CLICK_ID), "shop-2") == VerificationError("forged")
    assert write_test_proof(key, exported.kid, "spring", NOW_S) != make_test_proof(KEYS, "spring", NOW_S)


def test_keys_that_are_retired_or_not_used_yet_are_exported_and_destroyed_ones_are_not() -> None:
    rotated = rotate(known_ring(), "token", NOW, randomness(1))
    added = add(rotated, "token", NOW, randomness(2))
    destroyed = destroy(added, "token", "k7")
    new, spare = active(rotated, "token").kid, added.keys[-1].kid

    assert [(key.kid, key.state) for key in export_keys(added, SHOP)] == [
        ("k7", "read_only"),
        (new, "active"),
        (spare, "read_only"),
    ]
    assert [key.kid for key in export_keys(destroyed, SHOP)] == [new, spare]
    assert export_keys(added, SHOP, "k7") == [ProgramKey("k7", "read_only", export_keys(known_ring(), SHOP)[0].key)]
    with pytest.raises(KeyRingError, match="k7 is destroyed"):
        export_keys(destroyed, SHOP, "k7")
    with pytest.raises(KeyRingError, match="no token key 'zz'"):
        export_keys(added, SHOP, "zz")


def test_more_programs_than_are_remembered_get_the_same_tokens() -> None:
    keys = TokenKeys(known_ring())
    names = [f"p{number}" for number in range(MOST_PROGRAMS + 2)]
    first = [make_token(keys, CLICK_ID, name) for name in names[:2]]
    for name in names:
        make_token(keys, CLICK_ID, name)

    assert [make_token(keys, CLICK_ID, name) for name in names[:2]] == first
    assert len(keys.active._programs) == MOST_PROGRAMS


def test_a_proof_does_not_pass_under_another_key_id() -> None:
    ring = rotate(known_ring(), "token", NOW, randomness(1))
    other = active(ring, "token").kid

    assert verify_token(TokenKeys(ring), f"{TOKEN[:27]}{other}{TOKEN[29:]}", SHOP) == VerificationError("forged")


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
    assert verify_token(KEYS, text, SHOP) == VerificationError("malformed")


def test_a_key_id_nobody_knows_is_said_to_be_unknown() -> None:
    assert verify_token(KEYS, f"{TOKEN[:27]}zz{TOKEN[29:]}", SHOP) == VerificationError("unknown_key")


def test_tokens_outlive_rotation_until_their_key_is_destroyed() -> None:
    rotated = rotate(known_ring(), "token", NOW, randomness(1))
    destroyed = destroy(rotated, "token", "k7")

    assert verify_token(TokenKeys(rotated), TOKEN, SHOP) == CLICK_ID
    assert make_token(TokenKeys(rotated), CLICK_ID, SHOP) != TOKEN
    assert verify_token(TokenKeys(destroyed), TOKEN, SHOP) == VerificationError("destroyed_key")
    assert read_click_id(TokenKeys(destroyed), TOKEN) == VerificationError("destroyed_key")


@MODEST
@given(st.text(max_size=60) | st.text(min_size=45, max_size=45))
def test_any_text_is_answered(text: str) -> None:
    assert isinstance(verify_token(KEYS, text, SHOP), VerificationError)
    assert isinstance(read_click_id(KEYS, text), VerificationError)
