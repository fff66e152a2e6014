"""Write the JSON Schema of each record: `python -m schemas`. A test fails while a file is out of date."""

import json
from pathlib import Path
from typing import Any

import msgspec

from schemas.codec import MAJOR
from schemas.reference import REFERENCE, FieldMeaning, find_meanings
from schemas.topics import TOPICS, Topic

FOLDER = Path(__file__).parent / "json"
MEANINGS = {kind.__name__: find_meanings(kind) for kind in REFERENCE}


def json_schema(topic: Topic) -> str:
    """Return the JSON Schema (draft 2020-12) of a topic's values, as the text of its file."""
    (reference,), definitions = msgspec.json.schema_components([topic.record], ref_template="#/$defs/{name}")
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:clickrail:schema:{topic.name}:{MAJOR}",
        "title": topic.record.__name__,
        "description": f"The values of {topic.name}; key: {topic.key}; read by {topic.readers}.",
        **reference,
        "$defs": {name: describe_fields(require_fields(definition), name) for name, definition in definitions.items()},
    }
    return json.dumps(document, indent=2) + "\n"


def require_fields(definition: dict[str, Any]) -> dict[str, Any]:
    """Require each field that every record since version 1.0 contains, with null for unknown.

    Our decoder is more lenient: it fills in defaults. They are left out here, since other readers need not do that.
    """
    properties = {
        name: {word: value for word, value in field.items() if word != "default"}
        for name, field in definition["properties"].items()
    }
    required = [name for name, field in properties.items() if "$comment" not in field]
    return definition | {"properties": properties, "required": required}


def describe_fields(definition: dict[str, Any], name: str) -> dict[str, Any]:
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


def schema_path(topic: Topic) -> Path:
    return FOLDER / f"{topic.name}.schema.json"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for topic in TOPICS:
        schema_path(topic).write_text(json_schema(topic))


if __name__ == "__main__":
    main()
