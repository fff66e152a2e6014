"""The type of a field in words, from its JSON Schema. Pure."""

from collections.abc import Callable, Mapping
from typing import Any, Final, get_args

from schemas import fields as types
from schemas.field_list import ListedField

Schema = Mapping[str, Any]

FORMATS: Final = {
    get_args(kind)[1].extra_json_schema["pattern"]: name
    for kind, name in (
        (types.SchemaVersion, "version `major.minor`"),
        (types.Ulid, "ULID"),
        (types.Code, "code"),
        (types.EntityId, "id"),
        (types.Word, "word"),
        (types.ReasonNumber, "`R` and three digits"),
        (types.Time, "time, RFC 3339 in UTC"),
        (types.Bytes, "bytes in base64"),
        (types.Digest, "64 hexadecimal digits"),
    )
}
"""Names of what texts are, by the pattern that their schema has."""


def describe_type(field: ListedField) -> str:
    """Say what a field's value is: `text ≤ 128, or null`."""
    return describe_kind(field.schema) + (", or null" if field.can_be_null else "")


def describe_kind(schema: Schema) -> str:
    return "object" if "$ref" in schema else KINDS[schema["type"]](schema)


def describe_text(schema: Schema) -> str:
    if schema.get("pattern") in FORMATS:
        return FORMATS[schema["pattern"]]
    return f"text ≤ {schema['maxLength']}" if "maxLength" in schema else "text"


def describe_number(schema: Schema) -> str:
    return f"number, {schema['minimum']} to {schema['maximum']}" if "minimum" in schema else "number"


def describe_list(schema: Schema) -> str:
    return f"list: {describe_kind(schema['items'])}"


def describe_object(schema: Schema) -> str:
    return (
        f"object: {describe_kind(schema['additionalProperties'])} by name"
        if "additionalProperties" in schema
        else "object"
    )


KINDS: Final[Mapping[str, Callable[[Schema], str]]] = {
    "string": describe_text,
    "number": describe_number,
    "integer": lambda _: "whole number",
    "boolean": lambda _: "true or false",
    "array": describe_list,
    "object": describe_object,
}
