"""Forms of programs, affiliates and codes."""

import pytest

from console.referrals.fields import list_names
from console.referrals.forms import (
    describe_change,
    describe_differences,
    make_empty_form,
    make_form,
    read_changes,
    read_new,
    read_texts,
)
from referrals.admin.form_values import FieldProblem
from referrals.model import TYPES, Kind, Program, ReferralCode
from tests.referrals.builders import affiliate, code, program


@pytest.mark.parametrize("kind", TYPES)
def test_every_setting_has_a_field(kind: Kind) -> None:
    assert {*list_names(kind, is_new=True), "status", "version"} == set(TYPES[kind].__struct_fields__)


@pytest.mark.parametrize("value", [program(accept_client_hints=True, pass_names=("a", "b")), affiliate(), code()])
def test_a_form_that_was_not_touched_changes_nothing(value: Program | ReferralCode) -> None:
    # A browser sends no box that is not ticked.
    sent = {name: text for name, text in make_form(value, "").texts.items() if text != "false"}

    assert read_changes(value, read_texts(value.kind, sent, is_new=False)) == {}


def test_a_new_code_without_a_name_gets_one_that_nobody_guesses() -> None:
    texts = make_empty_form("code", {"affiliate_id": "ann", "program_id": "shop", "colour": "red"}).texts
    made = read_new("code", texts)

    assert isinstance(made, ReferralCode)
    assert (len(made.code), made.affiliate_id, made.program_id, made.status) == (10, "ann", "shop", "active")


def test_an_id_is_never_changed_by_a_form() -> None:
    assert read_texts("code", {"code": "other", "affiliate_id": "bob"}, is_new=False) == {"affiliate_id": "bob"}


def test_what_is_wrong_stays_in_the_form() -> None:
    texts = make_empty_form("program", {}).texts | {"name": "Shop", "target_url": "no spaces please"}

    assert read_new("program", texts) == [
        FieldProblem("target_url", "this has a character that it cannot have, or is too long")
    ]


def test_differences_are_in_words() -> None:
    old, new = program(), program(name="New", cookie_domain="shop.example", status="paused", version=9)

    assert describe_differences(old, new) == [
        ("Name", "Shop", "New"),
        ("State", "active", "paused"),
        ("Cookie domain", "-", "shop.example"),
    ]
    assert describe_change(old, new) == (
        {"name": "Shop", "status": "active", "cookie_domain": None},
        {"name": "New", "status": "paused", "cookie_domain": "shop.example"},
    )
