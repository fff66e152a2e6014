"""The contract's examples, read and written back."""

from pathlib import Path

import msgspec
import msgspec.inspect
import pytest

import schemas
from schemas import CLICKS_RAW, TOPICS, EnrichedClick, RawClick, Topic, Undecodable, decode, encode
from schemas.codec import TIMES

EXAMPLES = Path(schemas.__file__).parent / "examples"


def examples(verdict: str) -> list[tuple[Topic, Path]]:
    return [(topic, path) for topic in TOPICS for path in sorted((EXAMPLES / topic.name / verdict).glob("*.json"))]


def name(value: object) -> str:
    return value.name if isinstance(value, Topic) else value.stem if isinstance(value, Path) else str(value)


def read_example(path: str) -> bytes:
    return (EXAMPLES / path).read_bytes()


@pytest.mark.parametrize(("topic", "path"), examples("good"), ids=name)
def test_a_good_example_is_read_and_survives_a_round_trip(topic: Topic, path: Path) -> None:
    record = decode(topic.record, path.read_bytes())

    assert isinstance(record, topic.record)
    assert record == decode(topic.record, encode(record))


@pytest.mark.parametrize(("topic", "path"), examples("bad"), ids=name)
def test_a_bad_example_comes_back_as_a_reason(topic: Topic, path: Path) -> None:
    assert isinstance(decode(topic.record, path.read_bytes()), Undecodable)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("clicks.raw/bad/unknown_major.json", "unknown_version"),
        ("clicks.raw/bad/unknown_major_of_other_shape.json", "unknown_version"),
        ("clicks.raw/bad/no_click_id.json", "wrong_shape"),
        ("clicks.raw/bad/code_with_a_line_feed.json", "wrong_shape"),
        ("clicks.raw/bad/not_utf8.json", "not_utf8"),
        ("clicks.raw/bad/truncated.json", "not_json"),
        ("clicks.raw/bad/wrong_shape_and_truncated.json", "not_json"),
        ("clicks.raw/bad/nested_too_deeply.json", "not_json"),
        ("clicks.raw/bad/empty.json", "not_json"),
        ("clicks.raw/bad/null.json", "wrong_shape"),
    ],
)
def test_the_reason_says_what_is_wrong(path: str, reason: str) -> None:
    refused = decode(RawClick, read_example(path))

    assert isinstance(refused, Undecodable)
    assert reason == refused.reason


def test_a_newer_minor_version_passes() -> None:
    newer = decode(RawClick, read_example("clicks.raw/good/newer_minor.json"))

    assert isinstance(newer, RawClick)
    assert newer.schema_version == "1.7"


def test_a_click_that_does_not_say_so_is_no_test() -> None:
    older = decode(RawClick, read_example("clicks.raw/good/full.json"))
    test = decode(RawClick, read_example("clicks.raw/good/test_link.json"))

    assert isinstance(older, RawClick)
    assert isinstance(test, RawClick)
    assert (older.is_test, test.is_test) == (False, True)


def test_whose_target_it_was_is_null_in_a_click_that_does_not_say() -> None:
    older = decode(RawClick, read_example("clicks.raw/good/full.json"))
    newer = decode(RawClick, read_example("clicks.raw/good/target_of_code.json"))

    assert isinstance(older, RawClick)
    assert isinstance(newer, RawClick)
    assert (older.target_source, newer.target_source) == (None, "code")


def test_every_field_is_written_null_where_nothing_is_known() -> None:
    least = decode(RawClick, read_example("clicks.raw/good/least.json"))
    assert isinstance(least, RawClick)

    written = msgspec.json.decode(encode(least))

    assert set(written) == {field.encode_name for field in msgspec.structs.fields(RawClick)}
    assert written["sub1"] is None


def test_the_raw_topic_is_the_only_private_one() -> None:
    assert [topic for topic in TOPICS if not topic.public] == [CLICKS_RAW]


@pytest.mark.parametrize("topic", TOPICS, ids=name)
def test_every_time_of_a_record_is_looked_at(topic: Topic) -> None:
    times = {
        field.name
        for field in msgspec.inspect.type_info(topic.record).fields  # type: ignore[union-attr] # it is a Struct
        if "DateTimeType" in repr(field.type)
    }

    assert set(TIMES[topic.record]) == times


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_nobody_can_reckon_with_is_implausible(time: str) -> None:
    value = msgspec.json.decode(read_example("clicks.enriched/good/full.json")) | {"published_at": time}

    refused = decode(EnrichedClick, msgspec.json.encode(value))

    assert isinstance(refused, Undecodable)
    assert (refused.reason, refused.detail.split(" ")[0]) == ("implausible_time", "published_at")


def test_a_number_that_no_table_holds_is_of_the_wrong_shape() -> None:
    value = msgspec.json.decode(read_example("clicks.raw/good/full.json")) | {"unique_window_s": 2**63}

    refused = decode(RawClick, msgspec.json.encode(value))

    assert isinstance(refused, Undecodable)
    assert refused.reason == "wrong_shape"
