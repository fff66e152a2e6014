import pytest
from hypothesis import given
from hypothesis import strategies as st

from referrals.saved import Reading, pack, unpack
from tests.referrals.builders import affiliate, code, program

KEY = ("code", "abc123")


@pytest.mark.parametrize(
    "value",
    [
        program(),
        program(cookie_domain="shop.example", fallback_url="http://x/"),
        affiliate(),
        code(),
        code(target_url="http://x/é"[:9]),
    ],
    ids=lambda value: value.kind,
)
def test_a_value_comes_back_as_it_was(value: object) -> None:
    reading = Reading(value, 17)
    assert reading == unpack((value.kind, value.id), pack(reading))


def test_the_form_is_version_reading_row() -> None:
    assert pack(Reading(code(), 17))[:22] == b'3 17 {"code":"abc123",'


@pytest.mark.parametrize(
    "data",
    [
        None,
        b"",
        b"garbage",
        b"\xff\xfe",
        b"3 17 {}",
        b"3 17 []",
        b'3 17 {"code":"abc123"}',
        b"x" + pack(Reading(code(), 17)),
        pack(Reading(code(), 17))[:-1],
        pack(Reading(code(), 17)).replace(b"3 ", b"4 ", 1),
        pack(Reading(code(code="other"), 17)),
        pack(Reading(affiliate(), 17)),
        pack(Reading(code(status="gone"), 17)),
        pack(Reading(code(target_url="javascript:alert(1)"), 17)),
        pack(Reading(code(target_url="https://x\r\nSet-Cookie: a=b"), 17)),
    ],
)
def test_whatever_else_stands_there_is_a_miss(data: object) -> None:
    assert None is unpack(KEY, data)


@given(st.binary())
def test_no_bytes_whatever_raise(data: bytes) -> None:
    assert None is unpack(KEY, data)
    assert None is unpack(KEY, b"3 17 {" + data + b"}")


def test_a_program_with_an_unfit_fallback_is_a_miss() -> None:
    assert None is unpack(("program", "shop"), pack(Reading(program(fallback_url="//evil.tld"), 17)))
