"""Reads the settings of a program, affiliate or code from texts, as forms and command lines give them. Pure."""

from collections.abc import Mapping
from types import NoneType
from typing import Any, Final, get_args

import msgspec
from msgspec.structs import fields

from referrals.model import TYPES, Kind

SENTENCES: Final = {
    "regex": "this has a character that it cannot have, or is too long",
    "Expected `int": "this must be a whole number",
    "Expected `float": "each name needs a number: name=1.5",
    "Invalid enum value": "this is none of the choices",
}
"""What is said for an error of msgspec that has this in it."""


class FieldProblem(msgspec.Struct, frozen=True):
    """A field whose text is no value of it, and why."""

    field: str
    reason: str


def read_values(kind: Kind, texts: Mapping[str, str]) -> dict[str, object] | list[FieldProblem]:
    """Read the given fields: lists are split at commas, and an empty text is null where the field may be null."""
    values: dict[str, object] = {}
    problems: list[FieldProblem] = []
    types = {field.name: field.type for field in fields(TYPES[kind])}
    for name, text in texts.items():
        try:
            values[name] = read_value(types[name], text.strip())
        except msgspec.ValidationError as error:
            problems.append(FieldProblem(name, explain(error)))
    return problems or values


def read_value(kind: Any, text: str) -> object:
    """Read a value of a type. Raises msgspec.ValidationError."""
    if not text and NoneType in get_args(kind):
        return None
    return msgspec.convert(prepare(kind, text), kind, strict=False)


def prepare(kind: Any, text: str) -> object:
    base = msgspec.inspect.type_info(kind)
    while isinstance(base, msgspec.inspect.Metadata):
        base = base.type
    match base:
        case msgspec.inspect.VarTupleType() | msgspec.inspect.ListType():
            return [part.strip() for part in text.split(",") if part.strip()]
        case msgspec.inspect.DictType():
            pairs = (part.partition("=") for part in text.split(",") if part.strip())
            return {name.strip(): value.strip() for name, _, value in pairs}
        case _:
            return text


def explain(error: msgspec.ValidationError) -> str:
    """Say what is wrong, without regular expressions and paths."""
    text = str(error)
    words = next((words for sign, words in SENTENCES.items() if sign in text), None)
    return words or text.partition(" - at")[0].replace("`", "").lower()


def write_value(value: object) -> str:
    """Write a value as `read_values` reads it."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case dict():
            return ",".join(f"{name}={number:g}" for name, number in value.items())
        case tuple() | list():
            return ",".join(map(str, value))
        case _:
            return str(value)
