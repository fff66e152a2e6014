"""The shell of a stage, with records, letters and a producer of our own: runtime knows no click."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from runtime.dead_letter_limit import DeadLetterLimit
from runtime.errors import TooManyDeadLetters
from runtime.kafka.metrics import StreamMetrics
from runtime.kafka.out_record import Headers, OutRecord
from runtime.kafka.security import PLAINTEXT, KafkaSecurity
from runtime.stage import Batch, DeadLetterFormat, Failure, StageSpec, run_batch, subscribe

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


class Record(msgspec.Struct, frozen=True):
    offset: int
    text: str = "1"
    topic: str = "test.numbers"
    partition: int = 2


class Letter(msgspec.Struct, frozen=True):
    topic: str
    partition: int
    offset: int
    reason: str
    detail: str
    stage: str
    made_at: datetime = NOW


def make_letter(record: Record, failure: Failure, stage: str, now: datetime) -> Letter:
    return Letter(record.topic, record.partition, record.offset, failure.reason, failure.detail, stage, now)


def write_letter(letter: Letter, cap: int) -> tuple[bytes | None, bytes, Headers]:
    return b"key", f"{letter.offset} {letter.reason}"[:cap].encode(), [("stage", letter.stage.encode())]


SPEC = StageSpec(
    name="adder",
    topics=("numbers", "more"),
    letters=DeadLetterFormat(topic="dead", type=Letter, make=make_letter, write=write_letter),
)


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


def read(record: Record) -> int | Letter:
    if record.text == "":
        return make_letter(record, Failure("empty", "there is nothing in it"), "adder", NOW)
    return int(record.text)


async def handle(batch: Batch[Letter]) -> None:
    numbers = batch.process(read, batch.records)
    batch.reject({place: Failure("negative", str(number)) for place, number in numbers.items() if number < 0})


def batch_of(*texts: str, limit: int = 0) -> Batch[Letter]:
    records = [Record(offset, text) for offset, text in enumerate(texts)]
    return Batch(SPEC, DeadLetterLimit(limit, "A_LIMIT"), records, NOW)


def test_what_was_made_of_each_record_is_given_by_its_place() -> None:
    batch = batch_of("5", "6")

    assert batch.process(read, batch.records) == {0: 5, 1: 6}
    assert batch.letters == {}


def test_a_letter_and_a_crash_are_set_aside_and_the_others_go_on() -> None:
    batch = batch_of("5", "", "six", "7")

    assert batch.process(read, batch.records) == {0: 5, 3: 7}
    assert [(place, letter.reason) for place, letter in batch.letters.items()] == [(1, "empty"), (2, "internal_error")]
    assert batch.letters[2].detail.startswith("ValueError at runtime/test_stage.py:")


def test_a_second_phase_works_on_what_the_first_made_and_keeps_the_places() -> None:
    batch = batch_of("zero", "0", "4")
    numbers = batch.process(read, batch.records)

    assert batch.process(lambda number: 8 // number, numbers) == {2: 2}
    assert [letter.offset for letter in batch.letters.values()] == [0, 1]


def test_too_many_letters_of_all_phases_together_are_over_the_limit() -> None:
    batch = batch_of("", "", "-1", limit=3)
    batch.process(read, batch.records)

    with pytest.raises(TooManyDeadLetters, match="empty: 2, negative: 1"):
        batch.reject({2: Failure("negative", "-1")})


def test_the_limit_can_be_checked_for_records_that_are_yet_to_be_rejected() -> None:
    batch = batch_of("", "", "-1", limit=3)
    batch.process(read, batch.records)

    with pytest.raises(TooManyDeadLetters, match="empty: 2, negative: 1"):
        batch.check_limit({2: "negative"})
    assert sorted(batch.letters) == [0, 1]


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
