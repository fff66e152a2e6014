"""What ingest opens, and how it ends: without any server, and with work that dies."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from deploy.local.ports import free_port
from identity.keyfile import create_ring
from identity.keys import RING_RANDOMNESS, init_ring
from ingest.environment import Environment, drain_or_count, open_environment
from ingest.readiness import Readiness
from ingest.service import public_port
from ingest.settings import Settings
from runtime.errors import SettingsError
from runtime.kafka.out_record import OutRecord
from runtime.kafka.topics import apply_topics
from runtime.settings import load
from schemas import CLICKS_RAW, CLICKS_REJECTED
from tests.ingest.builders import REJECTED
from tests.ingest.serving import serving
from tests.ingest.wire import ask
from tests.runtime.kafka.test_murmur2 import VECTORS
from tests.runtime.kafka.test_producer import read_all
from tests.runtime.kafka.test_topics import Spec
from tests.waiting import PATIENCE_S

KEY = b"01KAT301V8C3Q9GZ2F5B7N4M6P"


def settings(keys_file: Path, flush_s: int = 0) -> Settings:
    """Settings whose servers are nowhere."""
    nowhere = f"127.0.0.1:{free_port()}"
    return load(
        Settings,
        {
            "CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": nowhere,
            "CLICKRAIL_DATABASE_URL": f"postgresql://clickrail:x@{nowhere}/clickrail",
            "CLICKRAIL_REDIS_URL": f"redis://{nowhere}/0",
            "CLICKRAIL_KEYS_FILE": str(keys_file),
            "CLICKRAIL_INGEST_DATA_DIR": str(keys_file.parent / "data"),
            "CLICKRAIL_PUBLIC_URL": "https://go.shop.example",
            "CLICKRAIL_INGEST_HOST": "127.0.0.1",
            "CLICKRAIL_INGEST_PORT": "0",
            "CLICKRAIL_INGEST_PRIVATE_PORT": "0",
            "CLICKRAIL_INGEST_DRAIN_S": "0",
            "CLICKRAIL_INGEST_FLUSH_S": str(flush_s),
        },
    )


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    create_ring(path, init_ring(datetime.now(UTC), os.urandom(RING_RANDOMNESS)))
    return path


@asynccontextmanager
async def opened(given: Settings) -> AsyncIterator[tuple[Environment, int]]:
    async with open_environment(given, CollectorRegistry()) as env, public_port(env) as port:
        yield env, port


async def test_with_every_server_away_visitors_get_an_answer_at_once(keys_file: Path) -> None:
    async with opened(settings(keys_file)) as (env, port):
        statuses = [(await ask(port, path)).status for path in ("/ref/abc123", "/ref/%00", "/", "/ref/abc123")]
        assert statuses == [503, 404, 404, 503]
        readiness = Readiness(asyncio.Event())
        readiness.env = env
        assert readiness.problems() == {"referrals": "Postgres has not been reached since the start"}


async def test_what_kafka_does_not_take_stays_in_the_journal_for_the_next_process(keys_file: Path) -> None:
    given = settings(keys_file)
    async with opened(given) as (env, port):
        await ask(port, "/ref/%00")
        env.journal.append_all([(KEY, b"v")])
        registry = env.registry
    assert registry.get_sample_value("clickrail_clicks_lost_total", {"reason": "stopped"}) == 0
    assert registry.get_sample_value("clickrail_rejections_lost_total", {"reason": "stopped"}) == 1

    async with opened(given) as (env, _), asyncio.timeout(PATIENCE_S):
        while env.registry.get_sample_value("clickrail_journal_replay_pending") != 1:
            await asyncio.sleep(0.02)


@pytest.mark.servers
async def test_clicks_of_a_delivery_share_a_partition_and_rejections_have_that_of_their_key(
    keys_file: Path, kafka: str, topic_prefix: str
) -> None:
    raw, rejected = topic_prefix + CLICKS_RAW.name, topic_prefix + CLICKS_REJECTED.name
    await apply_topics([kafka], [Spec(topic, 12, {}) for topic in (raw, rejected)])
    given = msgspec.structs.replace(
        settings(keys_file, flush_s=60), kafka_bootstrap_servers=(kafka,), kafka_topic_prefix=topic_prefix
    )
    async with opened(given) as (env, _):
        env.journal.append_all([(b"%026d" % number, b"%d" % number) for number in range(50)])
        for key in VECTORS:
            env.publisher.put_rejection(OutRecord(rejected, key, b"v"))

    clicks = await read_all(kafka, raw)
    assert [int(value) for _, _, value in clicks] == list(range(50))
    assert len({partition for partition, _, _ in clicks}) == 1
    rejections = await read_all(kafka, rejected)
    assert {key: partition for partition, key, _ in rejections} == {
        key: (value & 0x7FFFFFFF) % 12 for key, value in VECTORS.items()
    }


async def test_a_data_folder_that_cannot_be_written_is_said_and_visitors_go_on(keys_file: Path) -> None:
    given = msgspec.structs.replace(settings(keys_file), data_dir="/proc/nowhere")
    async with opened(given) as (env, port):
        assert (await ask(port, "/ref/abc123")).status == 503
        assert env.registry.get_sample_value("clickrail_journal_degraded") == 1
        env.journal.append_all([(KEY, b"v")])
        registry = env.registry
    # It was in memory alone, and Kafka was away until the end.
    assert registry.get_sample_value("clickrail_clicks_lost_total", {"reason": "stopped"}) == 1


async def test_what_is_delivered_in_time_is_not_lost() -> None:
    async with serving() as served:
        served.journal.append_all([(KEY, b"v")])
        served.publisher.put_rejection(OutRecord(REJECTED, b"k", b"v"))
        # The publisher of `serving` has a task of its own; this is what the environment does at its end.
        await drain_or_count(served.publisher, served.redirect._metrics, 10)
        assert len(served.topics.records) == 2
        assert served.count("clickrail_rejections_lost_total", reason="stopped") == 0


async def test_a_key_ring_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{}")
    for name in ("none.json", "bad.json"):
        with pytest.raises(SettingsError, match="CLICKRAIL_KEYS_FILE"):
            async with open_environment(settings(tmp_path / name), CollectorRegistry()):
                raise AssertionError


async def test_a_publisher_that_dies_ends_the_service_with_it(keys_file: Path) -> None:
    class Broken:
        async def deliver(self, records: Sequence[OutRecord]) -> None:
            raise RuntimeError(f"a bug nobody foresaw, at {len(records)} records")

    async def serve() -> None:
        async with opened(settings(keys_file)) as (env, _):
            env.publisher.oversized._producer = Broken()
            env.journal.append_all([(KEY, b"v")])
            await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="nobody foresaw, at 1 records"):
        await asyncio.wait_for(serve(), PATIENCE_S)
