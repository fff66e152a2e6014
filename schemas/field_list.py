"""The fields of a record by path, nested ones included: `geo.country`, `fraud.signals[].name`. Pure."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from schemas.json_schemas import DEFINITIONS, MEANINGS, Schema, build_schema
from schemas.reference import FieldMeaning
from schemas.topics import Topic

NULL: Final = {"type": "null"}
FIRST_VERSION: Final = "1.0"


class ListedField(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a record: path, meaning, and the version of the contract since which records have it.

    `schema` is the JSON Schema of its values other than null, without references.
    """

    path: str
    meaning: FieldMeaning
    since: str
    can_be_null: bool
    schema: Schema


def list_fields(topic: Topic) -> list[ListedField]:
    """Return all fields of a topic's records in their order, each object before the fields in it."""
    document = build_schema(topic)
    return list(walk(document["$ref"], document["$defs"], "", FIRST_VERSION))


def walk(reference: str, definitions: dict[str, Any], prefix: str, since: str) -> Iterator[ListedField]:
    name = reference.removeprefix(DEFINITIONS)
    for field, node in definitions[name]["properties"].items():
        kind, can_be_null = split_null(node)
        version = node.get("$comment", f"since {since}").removeprefix("since ")
        inner = kind.get("$ref") or kind.get("items", {}).get("$ref")
        yield ListedField(
            path=prefix + field,
            meaning=MEANINGS[name][field],
            since=version,
            can_be_null=can_be_null,
            schema={"type": "object"} if "$ref" in kind else kind,
        )
        if inner:
            yield from walk(inner, definitions, f"{prefix}{field}{'[]' if 'items' in kind else ''}.", version)


def split_null(node: Schema) -> tuple[Schema, bool]:
    """Return a field's schema without null, and whether the field can be null."""
    kinds = [kind for kind in node.get("anyOf", [node]) if kind != NULL]
    (kind,) = kinds
    return kind, len(node.get("anyOf", kinds)) > 1
