"""The sample with CloudEvents' SDK."""

import pytest

from tests.docs.consumers.programs import (
    PYTHON,
    SAMPLES,
    assert_goes_on,
    assert_reads_all,
    assert_stops_at_next_major,
)
from tests.docs.consumers.topics import Topics

pytestmark = pytest.mark.servers

READER = (*PYTHON, SAMPLES / "cloudevents_reader.py")


async def test_cloudevents_reads_every_record_in_the_order_of_its_key(topics: Topics) -> None:
    await assert_reads_all(topics, *READER)


async def test_cloudevents_goes_on_where_its_group_was(empty_topics: Topics) -> None:
    await assert_goes_on(empty_topics, *READER)


async def test_cloudevents_stops_at_a_major_version_that_it_does_not_know(empty_topics: Topics) -> None:
    await assert_stops_at_next_major(empty_topics, *READER)
