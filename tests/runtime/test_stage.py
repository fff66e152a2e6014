"""The shell of a stage, with records, letters and a producer of our own: runtime knows no click."""

from collections.abc import Sequence

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from runtime.batch import Batch, Failure
from runtime.dead_letter_limit import DeadLetterLimit
from runtime.errors import TooManyDeadLetters
from runtime.kafka.metrics import StreamMetrics
from runtime.kafka.out_record import OutRecord
from runtime.kafka.security import PLAINTEXT, KafkaSecurity
from runtime.stage import run_batch, subscribe
from tests.runtime.adder_stage import SPEC, Letter, Record, read


class Delivered:
    """A producer that keeps what it is given."""

    def __init__(self) -> None:
        self.records: list[OutRecord] = []

    async def deliver(self, records: Sequence[OutRecord], /) -> None:
        self.records += records


class Settings(msgspec.Struct, frozen=True):
    kafka_bootstrap_servers: tuple[str, ...] = ("kafka:9092",)
    kafka_topic_prefix: str = "test."
    private_host: str = "127.0.0.1"
    private_port: int = 0
    batch_records: int = 7
    group_instance_id: str | None = None


class Environment(msgspec.Struct, frozen=True):
    settings: Settings
    registry: CollectorRegistry
    metrics: StreamMetrics
    kafka: KafkaSecurity
    producer: Delivered
    limit: DeadLetterLimit


@pytest.fixture
def env() -> Environment:
    registry = CollectorRegistry()
    limit = DeadLetterLimit(3, "CLICKRAIL_ADDER_DEAD_LETTER_LIMIT")
    return Environment(Settings(), registry, StreamMetrics(registry, "adder"), PLAINTEXT, Delivered(), limit)


async def handle(batch: Batch[Letter]) -> None:
    numbers = batch.process(read, batch.records)
    batch.reject({place: Failure("negative", str(number)) for place, number in numbers.items() if number < 0})


async def test_letters_are_delivered_in_the_order_of_their_records_counted_and_logged(env: Environment) -> None:
    with capture_logs() as logs:
        await run_batch(SPEC, env, handle, [Record(70, "-1"), Record(71), Record(72, "")])

    assert env.producer.records == [
        OutRecord("test.dead", b"key", b"70 negative", [("stage", b"adder")]),
        OutRecord("test.dead", b"key", b"72 empty", [("stage", b"adder")]),
    ]
    counted = [
        env.registry.get_sample_value("clickrail_adder_dead_letters_total", {"reason": reason})
        for reason in ("negative", "empty")
    ]
    assert counted == [1, 1]
    assert logs[0] == {
        "event": "dead letter",
        "log_level": "error",
        "topic": "test.numbers",
        "partition": 2,
        "offset": 70,
        "reason": "negative",
    }


async def test_a_letter_about_a_record_of_the_dead_letter_topic_is_not_written_back_to_it(env: Environment) -> None:
    await run_batch(SPEC, env, handle, [Record(1, "", topic="test.dead"), Record(2, "")])

    assert [record.value for record in env.producer.records] == [b"2 empty"]
    assert env.registry.get_sample_value("clickrail_adder_dead_letters_total", {"reason": "empty"}) == 2


async def test_nothing_is_delivered_of_a_batch_with_too_many_letters(env: Environment) -> None:
    with pytest.raises(TooManyDeadLetters, match="CLICKRAIL_ADDER_DEAD_LETTER_LIMIT"):
        await run_batch(SPEC, env, handle, [Record(number, "") for number in range(3)])

    assert env.producer.records == []


def test_a_stage_reads_its_topics_with_their_prefix_as_its_own_group(env: Environment) -> None:
    subscription = subscribe(SPEC, env)

    assert subscription.topics == ("test.numbers", "test.more")
    assert (subscription.group, subscription.client_id) == ("test.clickrail.adder", "clickrail-adder")
    assert (subscription.bootstrap_servers, subscription.max_records) == (("kafka:9092",), 7)
