"""The messages of the AsyncAPI document: their examples are true, and their schemas those of the records."""

from typing import Any

import pytest

from schemas import TOPICS, Topic
from schemas.__main__ import read_examples
from schemas.asyncapi.components import build_components, build_example, name_message, point_to_components
from schemas.json_schemas import build_schema
from tests.schemas.validating import Draft202012Validator

COMPONENTS = build_components(read_examples())


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_each_example_is_valid_by_the_document_itself(topic: Topic) -> None:
    message = COMPONENTS["messages"][name_message(topic)]
    (example,) = message["examples"]
    payload = Draft202012Validator({**message["payload"], "components": COMPONENTS})

    assert [error.message for error in payload.iter_errors(example["payload"])] == []
    assert list(Draft202012Validator(message.get("headers", {})).iter_errors(example.get("headers", {}))) == []
    assert ("headers" in message, "headers" in example) == (topic.public, topic.public)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_the_example_for_documents_has_every_field_of_its_topic(topic: Topic) -> None:
    (example,) = COMPONENTS["messages"][name_message(topic)]["examples"]

    assert set(example["payload"]) == set(COMPONENTS["schemas"][topic.record.__name__]["properties"])


def test_every_definition_of_every_topic_is_a_component() -> None:
    defined = {name for topic in TOPICS for name in build_schema(topic)["$defs"]}

    assert set(COMPONENTS["schemas"]) == defined


def test_a_bad_record_is_no_example() -> None:
    with pytest.raises(TypeError, match=r"clicks\.raw: not an example"):
        build_example(TOPICS[0], b"{}")


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"$ref": "#/$defs/Geo"}, {"$ref": "#/components/schemas/Geo"}),
        (
            {"$ref": "#/$defs/Geo", "description": "a\n  b"},
            {"description": "a b", "allOf": [{"$ref": "#/components/schemas/Geo"}]},
        ),
        ({"anyOf": [{"$ref": "#/$defs/Geo"}]}, {"anyOf": [{"$ref": "#/components/schemas/Geo"}]}),
        ({"properties": {"description": {"type": "string"}}}, {"properties": {"description": {"type": "string"}}}),
    ],
)
def test_a_reference_has_no_neighbours_since_parsers_drop_them(node: Any, expected: Any) -> None:
    assert point_to_components(node) == expected
