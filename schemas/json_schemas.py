"""The JSON Schema of each record, made from its type and the field reference. Pure."""

import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from schemas.codec import MAJOR
from schemas.reference import REFERENCE, FieldMeaning, find_meanings
from schemas.topics import Topic

Schema = dict[str, Any]

DEFINITIONS: Final = "#/$defs/"
"""How references to the definitions of a schema begin."""
MEANINGS: Final = {kind.__name__: find_meanings(kind) for kind in REFERENCE}


def build_schema(topic: Topic) -> Schema:
    """Return the JSON Schema (draft 2020-12) of a topic's values."""
    (reference,), definitions = msgspec.json.schema_components([topic.record], ref_template=DEFINITIONS + "{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:clickrail:schema:{topic.name}:{MAJOR}",
        "title": topic.record.__name__,
        "description": f"The values of {topic.name}; key: {topic.key}; read by {topic.readers}.",
        **reference,
        "$defs": {name: describe_fields(require_fields(definition), name) for name, definition in definitions.items()},
    }


def write_schema(schema: Mapping[str, Any]) -> str:
    """Return a JSON Schema as the text of its file."""
    return json.dumps(schema, indent=2) + "\n"


def require_fields(definition: Schema) -> Schema:
    """Require each field that every record since version 1.0 contains, with null for unknown.

    Our decoder is more lenient: it fills in defaults. They are left out here, since other readers need not do that.
    """
    properties = {
        name: {word: value for word, value in field.items() if word != "default"}
        for name, field in definition["properties"].items()
    }
    required = [name for name, field in properties.items() if "$comment" not in field]
    return definition | {"properties": properties, "required": required}


def describe_fields(definition: Schema, name: str) -> Schema:
    """Add what each field means, from the field reference; the format of its type follows."""
    meanings = MEANINGS[name]
    properties = {
        name: {"description": add_format(meanings[name], field.get("description"))}
        | {word: value for word, value in field.items() if word != "description"}
        for name, field in definition["properties"].items()
    }
    return definition | {"properties": properties}


def add_format(meaning: FieldMeaning, form: str | None) -> str:
    return f"{meaning.describe()} Format: {form}." if form else meaning.describe()
