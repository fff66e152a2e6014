import pytest
from hypothesis import given
from hypothesis import strategies as st

from referrals.lookup.redis_codec import VersionedValue, pack, unpack
from tests.referrals.builders import affiliate, code, program

KEY = ("code", "abc123")


@pytest.mark.parametrize(
    "value",
    [
        program(),
        program(cookie_domain="shop.example", fallback_url="http://x/"),
        program(token_parameter="t.k-n_1", pass_query="listed", pass_names=("a", "B.c"), cookie_policy="first"),
        program(pass_query="all", deep_link_hosts=("shop.example", "*.shop.example")),
        program(unique_basis="cookie", accept_client_hints=True, quality_rules={"link_sweep_weight": 0.6}),
        affiliate(),
        code(),
        code(status="archived"),
        code(target_url="http://x/é"[:9]),
    ],
    ids=lambda value: value.kind,
)
def test_a_value_comes_back_as_it_was(value: object) -> None:
    reading = VersionedValue(value, 17)
    assert reading == unpack((value.kind, value.id), pack(reading))


def test_the_form_is_version_reading_row() -> None:
    assert pack(VersionedValue(code(), 17))[:22] == b'3 17 {"code":"abc123",'


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
        b'3 17 {"code":' + b"[" * 5_000 + b"}",
        b"x" + pack(VersionedValue(code(), 17)),
        pack(VersionedValue(code(), 17))[:-1],
        pack(VersionedValue(code(), 17)).replace(b"3 ", b"4 ", 1),
        pack(VersionedValue(code(code="other"), 17)),
        pack(VersionedValue(affiliate(), 17)),
        pack(VersionedValue(code(status="gone"), 17)),
        pack(VersionedValue(code(target_url="javascript:alert(1)"), 17)),
        pack(VersionedValue(code(target_url="https://x\r\nSet-Cookie: a=b"), 17)),
    ],
)
def test_whatever_else_stands_there_is_a_miss(data: object) -> None:
    assert None is unpack(KEY, data)


@given(st.binary())
def test_no_bytes_whatever_raise(data: bytes) -> None:
    assert None is unpack(KEY, data)
    assert None is unpack(KEY, b"3 17 {" + data + b"}")


@pytest.mark.parametrize(
    "setting",
    [
        {"token_parameter": "x\r\nSet-Cookie: a"},
        {"token_parameter": "a\n"},
        {"token_parameter": ""},
        {"pass_names": ("a b",)},
        {"pass_names": ("a",) * 51},
        {"deep_link_hosts": ("*",)},
        {"deep_link_hosts": ("*.com",)},
        {"deep_link_hosts": ("shop.example\n",)},
        {"pass_query": "some"},
        {"cookie_policy": "second"},
        {"unique_basis": "person"},
        {"accept_client_hints": "yes"},
        {"quality_rules": {"a b": 1.0}},
        {"quality_rules": {"a\n": 1.0}},
        {"quality_rules": {"a": -1.0}},
        {"quality_rules": {f"a{number}": 1.0 for number in range(51)}},
    ],
)
def test_a_program_with_an_unfit_setting_is_a_miss(setting: dict[str, object]) -> None:
    assert None is unpack(("program", "shop"), pack(VersionedValue(program(**setting), 17)))


def test_a_program_written_before_there_were_its_settings_has_the_usual_ones() -> None:
    older = b'1 17 {"id":"shop","name":"Shop","status":"active","target_url":"https://e.com/{clickid}","version":1}'
    assert unpack(("program", "shop"), older) == VersionedValue(program(target_url="https://e.com/{clickid}"), 17)


def test_a_program_with_an_unfit_fallback_is_a_miss() -> None:
    assert None is unpack(("program", "shop"), pack(VersionedValue(program(fallback_url="//evil.tld"), 17)))
