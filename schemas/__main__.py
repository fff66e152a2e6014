"""Write the JSON Schema of each record: `python -m schemas`. A test fails while a written one is stale."""

import json
from pathlib import Path

import msgspec

from schemas.topics import TOPICS, Topic

FOLDER = Path(__file__).parent / "json"


def json_schema(topic: Topic) -> str:
    """Give the JSON Schema (draft 2020-12) of a topic's values, as the text of its file."""
    (reference,), definitions = msgspec.json.schema_components([topic.record], ref_template="#/$defs/{name}")
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": topic.record.__name__,
        "description": f"The values of {topic.name}; key: {topic.key}; read by {topic.readers}.",
        **reference,
        "$defs": definitions,
    }
    return json.dumps(document, indent=2) + "\n"


def schema_path(topic: Topic) -> Path:
    return FOLDER / f"{topic.name}.schema.json"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for topic in TOPICS:
        schema_path(topic).write_text(json_schema(topic))


if __name__ == "__main__":
    main()
