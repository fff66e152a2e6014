"""Settings as texts."""

import pytest
from msgspec.structs import asdict

from referrals.admin.form_values import FieldProblem, read_values, write_value
from referrals.model import Kind, Referral
from tests.referrals.builders import affiliate, code, program

FULL = program(
    fallback_url="https://shop.example/closed",
    cookie_domain="shop.example",
    pass_query="listed",
    pass_names=("utm_source", "gclid"),
    deep_link_hosts=("shop.example", "*.shop.example"),
    accept_client_hints=True,
    quality_rules={"client_rate_limit_60s": 20.0, "link_sweep_weight": 0.6},
)


@pytest.mark.parametrize("value", [program(), FULL, affiliate(), code(), code(target_url="https://shop.example/x")])
def test_what_was_written_is_read_again(value: Referral) -> None:
    fields = {name: field for name, field in asdict(value).items() if name != "version"}

    assert read_values(value.kind, {name: write_value(field) for name, field in fields.items()}) == fields


@pytest.mark.parametrize(
    ("kind", "name", "text", "expected"),
    [
        ("program", "cookie_window_days", " 30 ", 30),
        ("program", "pass_names", "a, b,,", ("a", "b")),
        ("program", "quality_rules", "one=1, two=0.5", {"one": 1.0, "two": 0.5}),
        ("program", "cookie_domain", "", None),
        ("program", "accept_client_hints", "true", True),
        ("code", "target_url", "", None),
    ],
)
def test_texts_become_values(kind: Kind, name: str, text: str, expected: object) -> None:
    assert read_values(kind, {name: text}) == {name: expected}


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("cookie_window_days", "a month", "this must be a whole number"),
        ("cookie_window_days", "", "this must be a whole number"),
        ("privacy", "secret", "this is none of the choices"),
        ("deep_link_hosts", "shop.example:80", "this has a character that it cannot have, or is too long"),
        ("quality_rules", "one", "each name needs a number: name=1.5"),
        ("target_url", "https://shop.example/a b", "this has a character that it cannot have, or is too long"),
    ],
)
def test_what_is_no_value_is_said_at_its_field(name: str, text: str, reason: str) -> None:
    assert read_values("program", {name: text}) == [FieldProblem(name, reason)]
