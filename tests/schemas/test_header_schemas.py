"""The schemas of the headers are true of the headers that we write."""

from pathlib import Path
from typing import Any

import pytest

import schemas
from schemas import TOPICS, Topic, decode
from schemas.header_schemas import build_header_schema
from schemas.headers import dead_headers, enriched_headers, rejected_headers
from tests.schemas.validating import Draft202012Validator

EXAMPLES = Path(schemas.__file__).parent / "examples"
WRITERS: dict[str, Any] = {
    "clicks.enriched": enriched_headers,
    "clicks.rejected": rejected_headers,
    "clicks.dead": dead_headers,
}


@pytest.mark.parametrize("topic", [topic for topic in TOPICS if topic.public], ids=lambda topic: topic.name)
def test_every_header_that_we_write_is_described_and_valid(topic: Topic) -> None:
    schema = build_header_schema(topic)
    for path in (EXAMPLES / topic.name / "good").glob("*.json"):
        written = WRITERS[topic.name](decode(topic.record, path.read_bytes()))
        headers = {name: value.decode() for name, value in written}

        assert list(Draft202012Validator(schema).iter_errors(headers)) == []
        assert set(headers) == set(schema["properties"])


def test_only_public_topics_promise_headers() -> None:
    assert {topic.name for topic in TOPICS if build_header_schema(topic)["required"]} == set(WRITERS)
