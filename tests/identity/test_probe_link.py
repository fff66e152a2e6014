from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.keys import destroy, rotate
from identity.probe_link import LATEST_S, make_test_proof, verify_test_proof
from identity.token import TokenKeys, make_token, verify_token
from identity.verification import VerificationError
from tests.identity.builders import CLICK_ID, DAY_S, MODEST, NOW, NOW_S, active, known_ring, randomness, secret
from tests.identity.reference_implementation import BASE32, read_test_proof, write_base32, write_test_proof

KEYS = TokenKeys(known_ring())
CODE = "spring-26"
EXPIRES_AT = NOW_S + 7 * DAY_S
PROOF = make_test_proof(KEYS, CODE, EXPIRES_AT)

codes = st.text("ABCxyz019_-", min_size=1, max_size=64)
times = st.integers(0, LATEST_S)
ulids = st.integers(0, 2**128 - 1).map(lambda number: write_base32(number, 26))
nearly_proofs = st.tuples(
    st.text(BASE32, min_size=7, max_size=7), st.sampled_from(["k7", "zz", "K7"]), st.text(BASE32, min_size=16)
).map("".join)


@MODEST
@given(codes, times, times)
def test_a_proof_is_the_one_the_document_describes_and_holds_until_it_expires(
    code: str, expires_at: int, now_s: int
) -> None:
    proof = make_test_proof(KEYS, code, expires_at)

    assert proof == write_test_proof(secret("token"), "k7", code, expires_at)
    assert verify_test_proof(KEYS, code, proof, now_s) == (
        expires_at if now_s < expires_at else VerificationError("expired")
    )


@MODEST
@given(st.one_of(st.text(max_size=60), nearly_proofs, st.just(PROOF)), times)
def test_any_text_is_read_as_the_reference_implementation_reads_it(text: str, now_s: int) -> None:
    verified = verify_test_proof(KEYS, CODE, text, now_s)

    told = verified.reason if isinstance(verified, VerificationError) else verified
    assert told == read_test_proof(secret("token"), "k7", CODE, text, now_s)


def test_a_proof_expires_at_its_second() -> None:
    assert verify_test_proof(KEYS, CODE, PROOF, EXPIRES_AT - 1) == EXPIRES_AT
    assert verify_test_proof(KEYS, CODE, PROOF, EXPIRES_AT) == VerificationError("expired")


def test_no_character_can_be_changed() -> None:
    for at, character in product(range(len(PROOF)), "0Z7az.-\n\u00e9\udcff"):
        changed = PROOF[:at] + character + PROOF[at + 1 :]
        if changed != PROOF:
            assert isinstance(verify_test_proof(KEYS, CODE, changed, NOW_S), VerificationError)


@MODEST
@given(st.text(max_size=64))
def test_a_proof_does_not_pass_for_another_code(code: str) -> None:
    if code != CODE:
        assert verify_test_proof(KEYS, code, PROOF, NOW_S) == VerificationError("forged")


def test_its_time_cannot_be_put_off() -> None:
    later = make_test_proof(KEYS, CODE, EXPIRES_AT + DAY_S)

    assert verify_test_proof(KEYS, CODE, later[:7] + PROOF[7:], NOW_S) == VerificationError("forged")


@MODEST
@given(click_id=ulids, code=codes, expires_at=st.integers(NOW_S + 1, LATEST_S))
def test_a_click_token_never_proves_a_test_nor_the_other_way_round(
    *, click_id: str, code: str, expires_at: int
) -> None:
    token, proof = make_token(KEYS, click_id, "shop"), make_test_proof(KEYS, code, expires_at)

    for text in (token, token[27:], token[:7] + token[27:], proof[:7] + token[27:]):
        assert isinstance(verify_test_proof(KEYS, code, text, NOW_S), VerificationError)
        assert isinstance(verify_test_proof(KEYS, click_id, text, NOW_S), VerificationError)
    for text in (proof, f"{click_id}.{proof[7:]}"):
        assert isinstance(verify_token(KEYS, text, "shop"), VerificationError)


def test_a_proof_of_a_code_that_is_a_click_id_does_not_make_a_token_of_it() -> None:
    proof = make_test_proof(KEYS, CLICK_ID, EXPIRES_AT)

    assert verify_token(KEYS, f"{CLICK_ID}.{proof[7:]}", "shop") == VerificationError("forged")


def test_a_proof_does_not_pass_under_another_key_id() -> None:
    ring = rotate(known_ring(), "token", NOW, randomness(1))
    other = active(ring, "token").kid

    assert verify_test_proof(TokenKeys(ring), CODE, f"{PROOF[:7]}{other}{PROOF[9:]}", NOW_S) == VerificationError(
        "forged"
    )


def test_proofs_outlive_rotation_until_their_key_is_destroyed() -> None:
    rotated = rotate(known_ring(), "token", NOW, randomness(1))
    destroyed = destroy(rotated, "token", "k7")

    assert verify_test_proof(TokenKeys(rotated), CODE, PROOF, NOW_S) == EXPIRES_AT
    assert make_test_proof(TokenKeys(rotated), CODE, EXPIRES_AT) != PROOF
    assert verify_test_proof(TokenKeys(destroyed), CODE, PROOF, NOW_S) == VerificationError("destroyed_key")


@pytest.mark.parametrize("text", ["", PROOF[:-1], PROOF + "0", PROOF.lower(), f" {PROOF[1:]}", "\u0661" * 25, "x" * 99])
def test_what_has_not_the_form_is_malformed(text: str) -> None:
    assert verify_test_proof(KEYS, CODE, text, NOW_S) == VerificationError("malformed")


@pytest.mark.parametrize("expires_at", [-1, LATEST_S + 1])
def test_a_time_that_cannot_be_written_is_an_error_of_whoever_asks(expires_at: int) -> None:
    with pytest.raises(ValueError, match="expires between"):
        make_test_proof(KEYS, CODE, expires_at)
