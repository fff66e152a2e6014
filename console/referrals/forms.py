"""Forms: what was typed becomes a new row or changes, or stays in the form with what is wrong at each field. Pure."""

from collections.abc import Mapping
from hashlib import sha256
from secrets import SystemRandom
from typing import Final

import msgspec
from msgspec.structs import fields

from console.referrals.fields import list_fields, list_names
from referrals.admin.form_values import FieldProblem, read_values, write_value
from referrals.admin.ids import make_affiliate_id, make_code, make_program_id
from referrals.model import TYPES, Kind, Referral

RANDOM: Final = SystemRandom()
MAKERS: Final = {"program": make_program_id, "affiliate": make_affiliate_id, "code": make_code}
KEYS: Final[dict[Kind, str]] = {"program": "id", "affiliate": "id", "code": "code"}


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """The texts of a form by field, and what is wrong: by field, and with the whole.

    `version` and `note_digest` say which row and which note were seen: a save of others meanwhile is not overwritten.
    """

    texts: Mapping[str, str]
    problems: Mapping[str, str] = {}
    problem: str = ""
    note: str = ""
    version: int = 0
    note_digest: str = ""


def make_empty_form(kind: Kind, given: Mapping[str, str]) -> Form:
    """Make the form of a new row: what is usual, and what the address says."""
    defaults = {field.name: field.default for field in fields(TYPES[kind]) if field.default is not msgspec.NODEFAULT}
    texts = {name: write_value(defaults.get(name, "")) for name in list_names(kind, is_new=True)}
    return Form(texts=texts | {name: given[name] for name in texts if name in given})


def make_form(value: Referral, note: str) -> Form:
    texts = {name: write_value(getattr(value, name)) for name in list_names(value.kind, is_new=True)}
    return Form(texts=texts, note=note, version=value.version, note_digest=digest(note))


def digest(note: str) -> str:
    return sha256(note.encode()).hexdigest()[:16]


def read_texts(kind: Kind, form: Mapping[str, str], *, is_new: bool) -> dict[str, str]:
    """Read the texts of the fields. A box that is not ticked is not sent, and means no."""
    checks = {field.name for field in list_fields(kind) if field.control == "check"}
    texts = {}
    for name in list_names(kind, is_new=is_new):
        if name in checks:
            texts[name] = "true" if form.get(name) else "false"
        elif name in form:
            texts[name] = form[name]
    return texts


def read_new(kind: Kind, texts: Mapping[str, str]) -> Referral | list[FieldProblem]:
    """Make a new row; without an id it gets one that nobody has."""
    key = KEYS[kind]
    named = dict(texts) | ({} if texts.get(key, "").strip() else {key: MAKERS[kind](RANDOM.choice)})
    values = read_values(kind, named)
    if isinstance(values, list):
        return values
    try:
        return msgspec.convert({"status": "active", **values}, TYPES[kind])
    except msgspec.ValidationError as error:
        return [FieldProblem("", str(error).replace("`", ""))]


def read_changes(value: Referral, texts: Mapping[str, str]) -> dict[str, object] | list[FieldProblem]:
    """Read what differs from a row."""
    values = read_values(value.kind, texts)
    if isinstance(values, list):
        return values
    return {name: new for name, new in values.items() if new != getattr(value, name)}


def describe_differences(old: Referral, new: Referral) -> list[tuple[str, str, str]]:
    """List the fields that differ: label, the old text and the new one."""
    labels = {field.name: field.label for field in list_fields(old.kind)} | {"status": "State"}
    return [
        (labels.get(name, name), write_value(getattr(old, name)) or "-", write_value(getattr(new, name)) or "-")
        for name in old.__struct_fields__
        if name != "version" and getattr(old, name) != getattr(new, name)
    ]


def describe_change(old: Referral, new: Referral) -> tuple[dict[str, object], dict[str, object]]:
    """Return the fields that differ, before and after, as the audit log keeps them."""
    names = [name for name in old.__struct_fields__ if name != "version" and getattr(old, name) != getattr(new, name)]
    before, after = msgspec.to_builtins(old), msgspec.to_builtins(new)
    return {name: before[name] for name in names}, {name: after[name] for name in names}
