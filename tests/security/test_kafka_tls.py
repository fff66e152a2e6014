"""Item 20, where it speaks of Kafka: TLS that verifies, and a password that is never sent without it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from runtime.errors import DeliveryFailed
from runtime.kafka.consume import ConsumeLoop, Records
from runtime.kafka.metrics import StreamMetrics
from runtime.kafka.out_record import OutRecord
from runtime.kafka.producer import RecordProducer
from runtime.kafka.security import KafkaSecurity, read_security
from runtime.kafka.settings import KafkaSettings
from runtime.kafka.subscription import Subscription
from runtime.kafka.topics import apply_topics
from runtime.settings import load
from tests.console.running import make_settings, run_console
from tests.pipeline import Pipeline, eventually, running_pipeline, without_redirects
from tests.runtime.kafka.test_topics import Spec
from tests.security.certificates import make_authority
from tests.security.guarded_kafka import PASSWORD, Guarded, guarded_kafka
from tests.servers import small_settings
from tests.waiting import PATIENCE_S

pytestmark = [pytest.mark.xdist_group("guarded"), pytest.mark.servers, pytest.mark.slow]

Environ = Mapping[str, str]


@pytest.fixture(scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    async with guarded_kafka(small_settings(folder / "servers"), folder) as kafka:
        yield kafka


async def run_command(environ: Environ, *arguments: str) -> tuple[int, str]:
    """Run `clickrail`; give its exit code and all it says."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CLICKRAIL_")}
    program = "from cli.main import main; main()"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, *arguments, env=inherited | environ, stdout=-1, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    return process.returncode or 0, said.decode()


async def send_and_read(servers: tuple[str, ...], security: KafkaSecurity, topic: str) -> bytes:
    """Make a topic, write a record and read it, as the services do."""
    seen: asyncio.Queue[bytes] = asyncio.Queue()

    async def handle(records: Records) -> None:
        for record in records:
            seen.put_nowait(record.value)

    await apply_topics(servers, [Spec(topic, 1, {})], security)
    producer = RecordProducer(servers, client_id="test", security=security)
    await producer.deliver([OutRecord(topic, b"k", b"a click")])
    await producer.close()
    subscription = Subscription(
        bootstrap_servers=servers, group=topic, topics=(topic,), client_id="test", security=security
    )
    stop = asyncio.Event()
    loop = asyncio.create_task(ConsumeLoop(subscription, handle, StreamMetrics(CollectorRegistry(), "test")).run(stop))
    try:
        return await asyncio.wait_for(seen.get(), PATIENCE_S)
    finally:
        stop.set()
        await loop


@pytest.mark.parametrize("way", ["PLAIN", "SCRAM-SHA-256", "certificate"])
async def test_item_20_a_record_is_written_and_read_over_tls(guarded: Guarded, way: str) -> None:
    environ = guarded.certified() if way == "certificate" else guarded.environ(way)
    settings = load(KafkaSettings, environ)

    assert await send_and_read(settings.kafka_bootstrap_servers, read_security(settings), way) == b"a click"


@pytest.mark.processes
async def test_item_20_a_click_travels_to_its_row_over_tls_with_a_password(
    guarded: Guarded, database_url: str, valkey: str, topic_prefix: str, tmp_path: Path
) -> None:
    pipeline = Pipeline(tmp_path, guarded.plain, database_url, valkey, topic_prefix)
    pipeline.environ.update(guarded.environ())
    async with running_pipeline(pipeline), without_redirects() as browser:
        async with browser.get(f"{pipeline.url}/ref/abc123", allow_redirects=False) as answer:
            assert answer.status == 302
        assert await eventually(lambda: pipeline.rows("SELECT click_id FROM clicks"))
    assert [log for log in pipeline.logs() if PASSWORD in log] == []


async def test_item_20_the_live_view_reads_over_tls_with_a_password(guarded: Guarded) -> None:
    code, said = await run_command(guarded.environ(), "topics", "apply")
    assert (code, said.count("created")) == (0, 4)
    known = load(KafkaSettings, guarded.environ())
    async with run_console(
        make_settings(**{name: getattr(known, name) for name in known.__struct_fields__})
    ) as console:
        await console.wait_until_live()


@pytest.mark.processes
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"CLICKRAIL_KAFKA_SSL_CA_FILE": "stranger.crt"}, "certificate verify failed: unable to get local issuer"),
        ({"CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": "localhost"}, "Hostname mismatch"),
        ({"CLICKRAIL_KAFKA_SASL_PASSWORD": "a-guess-of-sesame"}, "Authentication failed"),
    ],
    ids=["another authority", "another name", "another password"],
)
async def test_item_20_whom_one_does_not_trust_is_refused_and_told_why(
    guarded: Guarded, change: dict[str, str], reason: str, tmp_path: Path
) -> None:
    make_authority("stranger").write(tmp_path / "stranger.crt")
    port = guarded.with_password.rpartition(":")[2]
    places = {"stranger.crt": str(tmp_path / "stranger.crt"), "localhost": f"localhost:{port}"}
    environ = guarded.environ() | {name: places.get(value, value) for name, value in change.items()}

    code, said = await run_command(environ, "topics", "apply")

    assert (code, said.count("\n")) == (2, 1)
    assert reason in said
    assert "sesame" not in said


async def test_item_20_a_producer_gives_no_record_to_whom_it_cannot_verify(guarded: Guarded, tmp_path: Path) -> None:
    stranger = make_authority("stranger").write(tmp_path / "stranger.crt")
    settings = load(KafkaSettings, guarded.environ() | {"CLICKRAIL_KAFKA_SSL_CA_FILE": str(stranger)})
    await apply_topics([guarded.plain], [Spec("unsent", 1, {})])
    producer = RecordProducer(
        settings.kafka_bootstrap_servers, client_id="test", security=read_security(settings), deadline_s=5
    )
    with pytest.raises(DeliveryFailed):
        await producer.deliver([OutRecord("unsent", b"k", b"a click")])
    await producer.close()
