"""The comparison of JSON Schemas: where it finds nothing, the records of each side are accepted by the other.

Every pair of some hundred small schemas is tried, with every value of a small world.
"""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise, product
from typing import Any

import pytest

from schemas.compatibility.change import ADDED, RULES
from schemas.compatibility.json_schemas import Schema, compare_schemas
from tests.schemas.validating import Draft202012Validator

TEXT = {"type": "string"}
NULL = {"type": "null"}
LEAVES: tuple[Schema, ...] = (
    {"type": "boolean"},
    TEXT,
    TEXT | {"maxLength": 1},
    TEXT | {"maxLength": 2},
    TEXT | {"minLength": 1},
    TEXT | {"minLength": 2, "maxLength": 2},
    TEXT | {"pattern": "^[a-z]*$"},
    TEXT | {"pattern": "^[0-9]*$", "maxLength": 2},
    TEXT | {"const": "a"},
    TEXT | {"enum": ["a", "ab"]},
    TEXT | {"enum": ["a", "9"], "maxLength": 1},
    {"type": "integer"},
    {"type": "number"},
    {"type": "number", "minimum": 0},
    {"type": "integer", "minimum": 1, "maximum": 1},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
)
VALUES = (None, True, -1, 0, 1, 2, 0.5, "", "a", "ab", "abc", "9")
TEXTS = [value for value in VALUES if isinstance(value, str)]


def record(*, required: bool, **fields: Schema) -> Schema:
    return {"type": "object", "properties": fields, "required": sorted(fields) if required else []}


WRAPPERS: tuple[Callable[[Schema], Schema], ...] = (
    lambda leaf: leaf,
    lambda leaf: {"anyOf": [leaf, NULL]},
    lambda leaf: {"type": "array", "items": leaf},
    lambda leaf: {"type": "array", "items": leaf, "maxItems": 1},
    lambda leaf: {"type": "object", "additionalProperties": leaf},
    lambda leaf: {"type": "object", "additionalProperties": leaf, "propertyNames": {"maxLength": 1}},
    lambda leaf: record(required=True, a=leaf),
    lambda leaf: record(required=False, a=leaf),
    lambda leaf: record(required=True, a=record(required=False, a=leaf)),
    lambda leaf: record(required=True, a=leaf, b=leaf),
    lambda leaf: {"$ref": "#/$defs/Click", "$defs": {"Click": record(required=False, a=leaf, b=leaf)}},
)
SCHEMAS = [wrap(leaf) for wrap in WRAPPERS for leaf in LEAVES]
WORLD: list[Any] = [
    *VALUES,
    [],
    {},
    *([one] for one in VALUES),
    *([one, one] for one in VALUES),
    *({name: one} for name, one in product(TEXTS, VALUES)),
    *({"a": one, "b": two} for one, two in pairwise(VALUES)),
    {"a": {}},
    *({"a": {"a": one}} for one in VALUES),
]


@cache
def accepted_by(number: int) -> frozenset[int]:
    """Give the values of the world that a schema accepts, by their numbers."""
    validator = Draft202012Validator(SCHEMAS[number])
    return frozenset(each for each, value in enumerate(WORLD) if validator.is_valid(value))


@cache
def written_by(number: int) -> frozenset[int]:
    """Give those that its writer can write: without fields that it does not name."""
    return frozenset(each for each in accepted_by(number) if has_known_fields(SCHEMAS[number], WORLD[each]))


def has_known_fields(schema: Schema, value: Any) -> bool:
    known = schema.get("$defs", {}).get("Click", schema).get("properties")
    if known is None or not isinstance(value, dict):
        return True
    return value.keys() <= known.keys() and all(has_known_fields(known[name], inner) for name, inner in value.items())


def compatible_pairs() -> Iterator[tuple[int, int]]:
    numbers = range(len(SCHEMAS))
    return (pair for pair in product(numbers, numbers) if rules(*(SCHEMAS[each] for each in pair)) <= {ADDED})


def rules(was: Schema, now: Schema) -> set[str]:
    return {change.rule for change in compare_schemas(was, now)}


@pytest.mark.slow
def test_where_nothing_breaks_the_records_of_each_side_are_accepted_by_the_other() -> None:
    pairs = list(compatible_pairs())
    refused = [
        (SCHEMAS[was], SCHEMAS[now], WORLD[value])
        for was, now in pairs
        for value in (written_by(was) - accepted_by(now)) | (written_by(now) - accepted_by(was))
    ]

    assert refused == []
    assert len(SCHEMAS) < len(pairs) < len(SCHEMAS) ** 2 / 2


def test_a_schema_is_like_itself_and_no_other_change_is_without_a_rule() -> None:
    assert [schema for schema in SCHEMAS if compare_schemas(schema, schema)] == []
    assert set().union(*(rules(was, now) for was in SCHEMAS for now in SCHEMAS[::7])) <= {*RULES, ADDED}


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        (TEXT, {"anyOf": [TEXT, NULL]}, {"type-widened"}),
        ({"anyOf": [TEXT, NULL]}, TEXT, {"type-narrowed"}),
        (TEXT, {"type": "integer"}, {"type-narrowed", "type-widened"}),
        ({"type": "integer"}, {"type": "number"}, {"type-widened"}),
        ({"type": "number"}, {"type": "integer"}, {"type-narrowed"}),
        ({**TEXT, "maxLength": 9}, {**TEXT, "maxLength": 8}, {"cap-lowered"}),
        ({**TEXT, "maxLength": 9}, TEXT, {"cap-raised"}),
        (TEXT, {**TEXT, "minLength": 1}, {"least-raised"}),
        (TEXT, {**TEXT, "minLength": 0}, set()),
        ({"type": "integer", "minimum": 0}, {"type": "integer", "minimum": -1}, {"least-lowered"}),
        ({**TEXT, "pattern": "^a$"}, {**TEXT, "pattern": "^a?$"}, {"form-changed"}),
        ({**TEXT, "const": "1.0"}, {**TEXT, "const": "1.1"}, {"value-removed", "value-added"}),
        ({**TEXT, "enum": ["a", "b"]}, {**TEXT, "enum": ["a"]}, {"value-removed"}),
        ({**TEXT, "enum": ["a"]}, {**TEXT, "enum": ["a", "b"]}, {"value-added"}),
        ({**TEXT, "enum": ["a"]}, TEXT, {"value-added"}),
        (TEXT, {**TEXT, "x-anything": True}, {"form-changed"}),
        (TEXT, {**TEXT, "description": "a text", "$comment": "since 1.9"}, set()),
        ({"type": "array", "items": TEXT}, {"type": "array", "items": NULL}, {"type-narrowed", "type-widened"}),
        ({"type": "array", "items": TEXT}, {"type": "array"}, {"form-changed"}),
    ],
)
def test_each_kind_of_change_falls_under_its_rule(was: Schema, now: Schema, expected: set[str]) -> None:
    assert rules(was, now) == expected


def test_definitions_are_compared_where_they_are_used() -> None:
    def document(kind: str, **definitions: Any) -> Schema:
        reference = {"$ref": f"#/$defs/{kind}"}
        click = {"type": "object", "properties": {"geo": reference}, "required": ["geo"]}
        return {"$ref": "#/$defs/Click", "$defs": {"Click": click, **definitions}}

    (change,) = compare_schemas(document("Geo", Geo=TEXT), document("Place", Place={**TEXT, "maxLength": 1}))

    assert (change.place, change.rule, change.was, change.now) == (
        "field geo",
        "cap-lowered",
        "no maxLength",
        "maxLength 1",
    )


@pytest.mark.parametrize(
    "schema",
    [
        {"type": ["string", "null"]},
        {"anyOf": [TEXT, {**TEXT, "maxLength": 1}]},
        {"type": "object", "additionalProperties": False},
        {"type": "object", "properties": {}, "additionalProperties": TEXT},
        {"const": 1},
        {"$ref": "#/$defs/Geo", "maxLength": 1},
        {"anyOf": [TEXT, NULL], "maxLength": 1},
        {**TEXT, "allOf": [{"$ref": "#/$defs/Geo"}]},
    ],
)
def test_what_cannot_be_compared_is_refused(schema: Schema) -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        compare_schemas(schema, schema)
