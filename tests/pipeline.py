"""A whole pipeline for one test: its own topics, schema, keys and Redis prefix, and the services as real processes."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import asyncpg
from aiokafka import AIOKafkaConsumer

from deploy.local.ports import free_port
from identity.keyfile import create_ring
from identity.keys import RING_RANDOMNESS, init_ring
from runtime.kafka.topics import apply_topics
from runtime.migration_files import find_migrations
from runtime.migrations import migrate
from schemas import TOPICS, Topic
from tests.forking import Forked, forker_of, module_program
from tests.waiting import PATIENCE_S, eventually

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
DEMO = """
    INSERT INTO programs (id, name, status, target_url) VALUES ('shoes', 'Shoes', 'active', 'https://shop.example/shoes');
    INSERT INTO affiliates (id, name, status) VALUES ('lisbon', 'Lisbon', 'active');
    INSERT INTO referral_codes (code, affiliate_id, program_id, status) VALUES ('abc123', 'lisbon', 'shoes', 'active');
"""


MOST_PARTITIONS = 3
"""Partitions of a test's topic at most. Three are several, and the 12 of `clicks.raw` cost the broker 0.5 s a test."""


class Prefixed:
    """A topic of the contract under the name it has in one test."""

    def __init__(self, prefix: str, topic: Topic, most_partitions: int = MOST_PARTITIONS) -> None:
        self.name = prefix + topic.name
        self.partitions = min(topic.partitions, most_partitions)
        self.config = topic.config
        self.minimums = topic.minimums


class Service:
    """One service as a process. Its log is a file, for the test to look through."""

    forks = True
    """Whether its process is forked from one that has imported the service already; a drill starts it as people do."""

    def __init__(self, name: str, environ: dict[str, str], log: Path) -> None:
        self.name = name
        self.environ = environ
        self.log = log
        self.private_port = int(environ[f"CLICKRAIL_{name.upper()}_PRIVATE_PORT"])
        self.tree: Path | None = None  # of another version, whose code is to run
        self.process: asyncio.subprocess.Process | Forked | None = None

    async def start(self) -> None:
        await self.launch()
        await eventually(self.is_ready)

    async def launch(self) -> None:
        """Start the process, and do not wait until it is ready."""
        # Without the settings of the tests themselves, such as CLICKRAIL_TEST_KAFKA, which no service knows.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CLICKRAIL_")}
        environ = {**inherited, **self.environ}
        if self.forks and self.tree is None and is_usual(self.environ):
            self.process = await forker_of(self.name).start(module_program(self.name), environ, self.log, self.log)
            return
        source = {"PYTHONPATH": str(self.tree)} if self.tree else {}
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", self.name),
                env={**environ, **source},
                cwd=self.tree,
                stdout=log,
                stderr=log,
            )

    async def is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.returncode is None, f"{self.name} ended: {self.log.read_text()[-2000:]}"
        try:
            url = f"http://127.0.0.1:{self.private_port}/readyz"
            async with aiohttp.ClientSession() as session, session.get(url) as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    async def stop(self) -> int:
        """End it in order; give its exit code."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.terminate()
        return await asyncio.wait_for(self.process.wait(), PATIENCE_S)


def is_usual(environ: Mapping[str, str]) -> bool:
    """Tell whether a service with these settings imports what it imports in any other test."""
    is_alone = environ.get("CLICKRAIL_INGEST_WORKERS", "1") == "1"  # a supervisor of several imports very little
    return is_alone and all(name.startswith("CLICKRAIL_") for name in environ)


class Pipeline:
    """Addresses and services of one test's pipeline."""

    most_partitions = MOST_PARTITIONS

    def __init__(self, folder: Path, kafka: str, database_url: str, redis_url: str, prefix: str) -> None:
        self.kafka, self.database_url, self.prefix, self.folder = kafka, database_url, prefix, folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environ = {
            "CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": kafka,
            "CLICKRAIL_KAFKA_TOPIC_PREFIX": prefix,
            "CLICKRAIL_DATABASE_URL": database_url,
            "CLICKRAIL_REDIS_URL": redis_url,
            "CLICKRAIL_REDIS_PREFIX": prefix,
            "CLICKRAIL_KEYS_FILE": str(folder / "keys.json"),
            # The visitors of most tests share an address. Limits have tests of their own.
            "CLICKRAIL_INGEST_CLIENT_RATE_PER_S": "0",
            # Nobody is refused, however long they wait on a busy machine: tests/ingest/test_overload.py is about that.
            "CLICKRAIL_INGEST_MOST_WAIT_MS": "0",
            "CLICKRAIL_INGEST_DATA_DIR": str(folder / "ingest"),
            "CLICKRAIL_PUBLIC_URL": "https://go.shop.example",
            "CLICKRAIL_INGEST_PORT": str(self.port),
            # As long as it may be: on a busy machine PostgreSQL does not answer in the 100 ms it is given otherwise.
            "CLICKRAIL_INGEST_POSTGRES_TIMEOUT_MS": "5000",
            # No balancer has to see that it stops. Tests of the stop set their own.
            "CLICKRAIL_INGEST_DRAIN_S": "0",
            "CLICKRAIL_INGEST_TRUSTED_PROXIES": "127.0.0.0/8",
            **{f"CLICKRAIL_{name}_PRIVATE_PORT": str(free_port()) for name in ("INGEST", "ENRICHER", "SINK")},
        }
        self.services = {
            name: Service(name, self.environ, folder / f"{name}.log") for name in ("ingest", "enricher", "sink")
        }

    async def prepare(self, referrals: str = DEMO) -> None:
        create_ring(self.folder / "keys.json", init_ring(datetime.now(UTC), os.urandom(RING_RANDOMNESS)))
        topics = [Prefixed(self.prefix, topic, self.most_partitions) for topic in TOPICS]
        await apply_topics([self.kafka], topics)
        connection = await asyncpg.connect(self.database_url)
        await migrate(connection, [find_migrations(package) for package in ("referrals", "storage", "console")])
        await connection.execute(referrals)
        await connection.close()

    async def start(self, *names: str) -> None:
        await asyncio.gather(*(self.services[name].start() for name in names or self.services))

    async def stop(self) -> dict[str, int]:
        """Stop the services in the order of the stream, so that nothing is left under way; give exit codes."""
        return {name: await service.stop() for name, service in self.services.items() if service.process}

    async def rows(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.database_url)
        try:
            return await connection.fetch(query, *arguments)
        finally:
            await connection.close()

    async def values(self, topic: Topic) -> list[bytes]:
        """Give all values of a topic, as they are now."""
        name = self.prefix + topic.name
        consumer = AIOKafkaConsumer(name, bootstrap_servers=self.kafka, auto_offset_reset="earliest")
        await consumer.start()
        try:
            places = consumer.assignment()
            ends = await consumer.end_offsets(places)
            wanted = sum(ends.values()) - sum((await consumer.beginning_offsets(places)).values())
            values: list[bytes] = []
            while len(values) < wanted:
                for part in (await consumer.getmany(timeout_ms=500)).values():
                    values += [record.value for record in part if record.value is not None]
            return values
        finally:
            await consumer.stop()

    def logs(self) -> Iterable[str]:
        return (service.log.read_text() for service in self.services.values() if service.log.exists())


@asynccontextmanager
async def running_pipeline(pipeline: Pipeline, *names: str) -> AsyncIterator[Pipeline]:
    """Run the pipeline for the duration of the block; whatever happens, nothing is left running."""
    await pipeline.prepare()
    try:
        await pipeline.start(*names)
        yield pipeline
    finally:
        for service in pipeline.services.values():
            if service.process and service.process.returncode is None:
                service.process.kill()
                await service.process.wait()


def without_redirects() -> aiohttp.ClientSession:
    """A browser that does not follow, and keeps cookies to itself."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())


def decoded(values: Iterable[bytes]) -> list[dict[str, object]]:
    return [json.loads(value) for value in values]
