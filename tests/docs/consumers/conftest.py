"""Topics with records of every contract in the tree, which each consumer reads."""

import uuid

import pytest

from tests.docs.consumers.topics import Topics, all_records, create, write


@pytest.fixture(scope="session")
async def topics(kafka: str) -> Topics:
    """The public topics with all records in them. No test adds to them."""
    topics = Topics(kafka, f"t{uuid.uuid4().hex[:12]}.", all_records())
    await create(topics)
    await write(topics, topics.sent)
    return topics


@pytest.fixture
async def empty_topics(kafka: str, topic_prefix: str) -> Topics:
    """Topics of the test's own."""
    topics = Topics(kafka, topic_prefix, ())
    await create(topics)
    return topics
