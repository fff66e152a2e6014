"""The messages of the AsyncAPI document: key, headers, value and an example of each topic's records. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from schemas.clicks import EnrichedClick
from schemas.codec import decode
from schemas.dead_letter import DeadLetter
from schemas.header_schemas import build_header_schema
from schemas.headers import Headers, dead_headers, enriched_headers, rejected_headers
from schemas.json_schemas import DEFINITIONS, Schema, build_schema
from schemas.record import Record
from schemas.rejected_click import RejectedClick
from schemas.topics import TOPICS, Topic

KAFKA: Final = "0.5.0"
"""Version of AsyncAPI's bindings for Kafka."""
COMPONENTS: Final = "#/components/schemas/"


def build_components(examples: Mapping[str, bytes]) -> dict[str, Any]:
    """Return messages and schemas. `examples` has the JSON of one record by topic."""
    return {
        "messages": {name_message(topic): build_message(topic, examples[topic.name]) for topic in TOPICS},
        "schemas": build_schemas(),
    }


def name_message(topic: Topic) -> str:
    name = topic.record.__name__
    return name[0].lower() + name[1:]


def build_message(topic: Topic, example: bytes) -> dict[str, Any]:
    schema = build_schema(topic)
    headers = build_header_schema(topic)
    described = {"headers": headers} if headers["properties"] else {}
    return {
        "name": topic.record.__name__,
        "title": topic.record.__name__,
        "summary": f"A value of {topic.name}, with its headers.",
        "contentType": "application/json",
        **described,
        "payload": {"$ref": COMPONENTS + topic.record.__name__},
        "bindings": {"kafka": {"key": {"type": "string", "description": topic.key}, "bindingVersion": KAFKA}},
        "examples": [build_example(topic, example)],
        "x-json-schema": {"id": schema["$id"], "file": f"json/{topic.name}.schema.json"},
    }


def choose_example(topic: Topic, examples: Sequence[bytes]) -> bytes:
    """Return the first of those with the most fields that the topic's records have."""
    fields = set(topic.record.__struct_fields__)
    return max(examples, key=lambda example: len(msgspec.json.decode(example).keys() & fields))


def build_example(topic: Topic, value: bytes) -> dict[str, Any]:
    """Return an example with the headers that its writer sends. Raises TypeError for a bad one."""
    record = decode(topic.record, value)
    if not isinstance(record, Record):
        raise TypeError(f"{topic.name}: not an example: {record}")
    headers = {name: text.decode() for name, text in write_headers(record)}
    return ({"headers": headers} if headers else {}) | {"payload": msgspec.json.decode(value)}


def write_headers(record: Record) -> Headers:
    match record:
        case EnrichedClick():
            return enriched_headers(record)
        case RejectedClick():
            return rejected_headers(record)
        case DeadLetter():
            return dead_headers(record)
    return []


def build_schemas() -> dict[str, Schema]:
    """Return the schemas of all topics' values by type. Raises ValueError if two topics describe a type differently."""
    found: dict[str, Schema] = {}
    for topic in TOPICS:
        for name, definition in build_schema(topic)["$defs"].items():
            schema = point_to_components(definition)
            if found.setdefault(name, schema) != schema:
                raise ValueError(f"{name} is not the same in every topic")
    return found


def point_to_components(node: Any) -> Any:
    """Return a schema with references into the document, which may have no neighbours there: `allOf` holds them."""
    if isinstance(node, list):
        return [point_to_components(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    pointed = {
        name: " ".join(inner.split())
        if name == "description" and isinstance(inner, str)
        else point_to_components(inner)
        for name, inner in node.items()
    }
    if not isinstance(node.get("$ref"), str):
        return pointed
    reference = {"$ref": COMPONENTS + node["$ref"].removeprefix(DEFINITIONS)}
    del pointed["$ref"]
    return pointed | {"allOf": [reference]} if pointed else reference
