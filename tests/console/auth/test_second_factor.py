"""Codes of a second factor, and recovery codes."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from console.auth.second_factor import (
    RECOVERY_CODES,
    digest_recovery_code,
    find_step,
    make_provisioning_uri,
    make_recovery_codes,
    make_secret,
    open_secret,
    seal_secret,
)
from tests.console.builders import NOW

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
STEP = int(NOW.timestamp()) // 30
KEY = bytes(range(32))


def test_the_example_of_the_standard_gives_its_code() -> None:
    # RFC 6238, appendix B: 94287082 has 8 digits; these are the last 6.
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

    assert find_step(secret, "287082", datetime.fromtimestamp(59, UTC)) == 1


@pytest.mark.parametrize(("steps", "found"), [(-2, None), (-1, STEP - 1), (0, STEP), (1, STEP + 1), (2, None)])
def test_a_code_is_right_one_step_early_or_late(steps: int, found: int | None) -> None:
    code = pyotp.TOTP(SECRET).at(NOW + timedelta(seconds=30 * steps))

    assert find_step(SECRET, code, NOW) == found


def test_a_code_that_was_used_and_those_before_it_are_wrong() -> None:
    code = pyotp.TOTP(SECRET).at(NOW)

    assert find_step(SECRET, code, NOW, used=STEP) is None
    assert find_step(SECRET, code, NOW, used=STEP - 1) == STEP


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "💣", "\ud800", "٣٣٣٣٣٣"])
def test_nonsense_is_no_code(code: str) -> None:
    assert find_step(SECRET, code, NOW) is None


def test_a_code_may_be_written_with_a_space() -> None:
    code = pyotp.TOTP(SECRET).at(NOW)

    assert find_step(SECRET, f" {code[:3]} {code[3:]} ", NOW) == STEP


def test_a_sealed_secret_opens_with_its_key_and_for_its_user_only() -> None:
    sealed = seal_secret(KEY, "vera", SECRET)

    assert open_secret(KEY, "vera", sealed) == SECRET
    assert open_secret(KEY, "eve", sealed) is None
    assert open_secret(KEY[::-1], "vera", sealed) is None
    assert open_secret(KEY, "vera", sealed[:-1]) is None
    assert open_secret(KEY, "vera", b"") is None
    assert SECRET.encode() not in sealed


def test_recovery_codes_differ_and_are_read_however_they_are_written() -> None:
    codes = make_recovery_codes()

    assert len(set(codes)) == RECOVERY_CODES
    written = (codes[0], codes[0].upper(), codes[0].replace("-", " "), codes[0].replace("-", ""))
    assert {digest_recovery_code(text) for text in written} == {digest_recovery_code(codes[0])}
    assert digest_recovery_code("123456") is None


def test_an_authenticator_is_told_issuer_and_login_name() -> None:
    assert make_provisioning_uri(SECRET, "vera@shop.example") == (
        f"otpauth://totp/Clickrail:vera%40shop.example?secret={SECRET}&issuer=Clickrail"
    )
    assert len(make_secret()) == 32
