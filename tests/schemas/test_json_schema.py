"""The written JSON Schemas are those of the records."""

import pytest

from schemas import TOPICS, Topic
from schemas.__main__ import json_schema, schema_path


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_the_written_schema_is_fresh(topic: Topic) -> None:
    assert json_schema(topic) == schema_path(topic).read_text(), "run: python -m schemas"
