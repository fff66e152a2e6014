"""What we use of libraries beyond their public interface: each name, so that an update that changes one fails here.

The bounds in pyproject.toml keep such an update out until somebody has looked.
"""

import inspect
import re
import tomllib
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import aiokafka
import pytest
import redis.asyncio
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpRequestParser
from aiokafka.cluster import ClusterMetadata
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.producer.sender import Sender
from aiokafka.protocol.metadata import MetadataResponse_v1
from redis.asyncio.connection import Connection as RedisConnection

PROJECT = Path(__file__).parents[2] / "pyproject.toml"

NAMES = [
    "aiohttp.base_protocol:BaseProtocol",
    "aiohttp.helpers:rfc822_formatted_time",
    "aiohttp.http:HttpProcessingError",
    "aiohttp.http:HttpRequestParser",
    "aiohttp.http:RawRequestMessage",
    "aiohttp.http_parser:HttpRequestParserC",
    "aiohttp.streams:EMPTY_PAYLOAD",
    "aiohttp.streams:StreamReader",
    "aiokafka.conn:AIOKafkaConnection",
    "aiokafka.conn:CloseReason",
    "aiokafka.consumer.consumer:GroupCoordinator",
    "aiokafka.consumer.group_coordinator:GroupCoordinator",
    "aiokafka.producer.message_accumulator:BatchBuilder",
    "aiokafka.producer.producer:Sender",
    "opentelemetry.sdk.trace:ReadableSpan",
    "opentelemetry.sdk.util.instrumentation:InstrumentationScope",
    "redis.asyncio.connection:AbstractConnection",
    "redis.asyncio.connection:SSLConnection",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_module_that_is_not_documented_has_what_we_take_from_it(name: str) -> None:
    module, _, attribute = name.partition(":")

    assert hasattr(import_module(module), attribute)


def test_the_parser_is_the_quick_one() -> None:
    assert HttpRequestParser.__module__ == "aiohttp._http_parser"


def test_a_connection_of_aiohttp_pauses_as_ours_expects() -> None:
    names = {name for name in BaseProtocol.__slots__ if not name.startswith("__")}

    assert {"transport", "_loop", "_paused"} <= names
    assert {"connection_made", "connection_lost", "pause_writing", "resume_writing"} <= set(vars(BaseProtocol))


def test_a_connection_of_aiokafka_is_replaced_and_closed_as_ours_does() -> None:
    source = inspect.getsource(import_module("aiokafka.conn"))

    assert [*inspect.signature(AIOKafkaConnection.send).parameters] == ["self", "request", "expect_response"]
    assert "reason" in inspect.signature(AIOKafkaConnection.close).parameters
    assert CloseReason.CONNECTION_BROKEN is not None
    # Clients make their connections by this name of the module.
    assert re.search(r"= AIOKafkaConnection\(", source)


def test_a_producer_of_aiokafka_sends_and_ends_as_ours_expects() -> None:
    producer = inspect.getsource(aiokafka.AIOKafkaProducer)
    sender = inspect.getsource(Sender)

    assert [*inspect.signature(Sender._send_produce_req).parameters] == ["self", "node_id", "batches"]
    assert re.search(r"self\._sender = Sender\(", producer)
    assert "self._closed" in producer
    assert re.search(r"def client\(|self\.client = ", producer)
    assert "sender_task" in sender
    assert {"append", "close", "record_count"} <= set(dir(BatchBuilder))


def test_a_client_of_aiokafka_names_the_partitions_that_have_a_leader() -> None:
    cluster = ClusterMetadata()
    parts = [(0, 0, 1, [1], [1]), (5, 1, -1, [2], []), (0, 2, 1, [1], [1])]
    cluster.update_metadata(MetadataResponse_v1([(1, "a", 1, None)], 1, [(0, "t", False, parts)]))

    assert cluster.partitions_for_topic("t") == {0, 1, 2}
    assert cluster.available_partitions_for_topic("t") == {0, 2}


def test_a_consumer_of_aiokafka_has_the_client_that_ours_closes() -> None:
    assert "self._client = AIOKafkaClient(" in inspect.getsource(aiokafka.AIOKafkaConsumer)


def test_a_coordinator_of_aiokafka_joins_by_the_name_that_ours_gives_up() -> None:
    group = import_module("aiokafka.consumer.group_coordinator")

    assert "self._coordinator = GroupCoordinator(" in inspect.getsource(aiokafka.AIOKafkaConsumer)
    assert "self._coordinator._group_instance_id," in inspect.getsource(group.CoordinatorGroupRebalance)
    assert "def reset_generation(self):" in inspect.getsource(group.GroupCoordinator)


def test_a_client_of_redis_makes_its_connections_by_the_class_that_ours_replaces() -> None:
    client = redis.asyncio.Redis.from_url("redis://127.0.0.1:1/0")

    assert client.connection_pool.connection_class is RedisConnection
    assert [*inspect.signature(RedisConnection.send_packed_command).parameters] == ["self", "command", "check_health"]


def test_a_connection_of_redis_reads_answers_by_the_method_that_ours_extends() -> None:
    assert [*inspect.signature(RedisConnection.read_response).parameters][:2] == ["self", "disable_decoding"]


@pytest.mark.parametrize("package", ["aiohttp", "aiokafka", "opentelemetry-sdk", "redis"])
def test_a_library_whose_inside_is_touched_is_bounded_above(package: str) -> None:
    project = tomllib.loads(PROJECT.read_text())["project"]
    wanted = [*project["dependencies"], *(one for part in project["optional-dependencies"].values() for one in part)]

    bounds = {one for one in wanted if re.match(rf"{package}\b", one)}

    assert bounds
    assert [one for one in bounds if "<" not in one] == []
    assert version(package)
