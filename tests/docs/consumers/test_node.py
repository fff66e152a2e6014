"""The sample for Node, with the packages of its lock, in the Node that the local stack uses."""

from pathlib import Path

import pytest

from deploy.local.errors import Unreachable
from deploy.local.npm import install_npm, node
from deploy.local.progress import silent
from deploy.local.settings import LocalSettings
from tests.docs.consumers.programs import SAMPLES, assert_goes_on, assert_reads_all, assert_stops_at_next_major
from tests.docs.consumers.topics import Topics

pytestmark = pytest.mark.servers


@pytest.fixture
async def reader(server_settings: LocalSettings, tmp_path: Path) -> tuple[str, ...]:
    try:
        installed = await install_npm("node", "a Kafka client for Node", server_settings.cache, silent, SAMPLES)
    except Unreachable as error:
        pytest.skip(str(error))
    # The cache has the sample as it was when its packages were fetched.
    (tmp_path / "reader.mjs").write_bytes((SAMPLES / "node" / "reader.mjs").read_bytes())
    (tmp_path / "node_modules").symlink_to(installed / "node_modules")
    return node(str(tmp_path / "reader.mjs"))


async def test_node_reads_every_record_in_the_order_of_its_key(topics: Topics, reader: tuple[str, ...]) -> None:
    await assert_reads_all(topics, *reader)


async def test_node_goes_on_where_its_group_was(empty_topics: Topics, reader: tuple[str, ...]) -> None:
    await assert_goes_on(empty_topics, *reader)


async def test_node_stops_at_a_major_version_that_it_does_not_know(
    empty_topics: Topics, reader: tuple[str, ...]
) -> None:
    await assert_stops_at_next_major(empty_topics, *reader)
