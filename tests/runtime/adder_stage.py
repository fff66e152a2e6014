"""A stage that reads numbers, with records and letters of our own: runtime knows no click."""

from datetime import UTC, datetime

import msgspec

from runtime.batch import DeadLetterFormat, Failure, StageSpec
from runtime.kafka.out_record import Headers

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


def read(record: Record) -> int | Letter:
    if record.text == "":
        return make_letter(record, Failure("empty", "there is nothing in it"), "adder", NOW)
    return int(record.text)
