"""Records to bytes and back, whatever they hold, and bytes to records, whatever they are."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import schemas
from schemas import TOPICS, Undecodable, decode, encode
from schemas.record import Record
from tests.examples import examples
from tests.schemas.records import LONGEST, records_of

pytestmark = pytest.mark.slow

MODEST = examples(60)
KINDS = {topic.record.__name__: topic.record for topic in TOPICS}
EXAMPLES = Path(schemas.__file__).parent / "examples"
GOOD = {
    topic.record: sorted(path.read_bytes() for path in (EXAMPLES / topic.name / "good").iterdir()) for topic in TOPICS
}

pieces = st.binary(max_size=LONGEST) | st.sampled_from([b"", b"null", b"1e999", b'"', b"\xed\xa0\x80", b"[" * 2_000])
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=LONGEST)
kinds = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def test_every_record_of_the_contract_is_tried() -> None:
    assert set(KINDS) == {"RawClick", "EnrichedClick", "RejectedClick", "DeadLetter"}


@kinds
@MODEST
@given(data=st.data())
def test_a_record_comes_back_as_it_went_and_another_reader_of_json_reads_the_same(
    kind: type[Record], data: st.DataObject
) -> None:
    record = data.draw(records_of(kind))
    value = encode(record)
    assert decode(kind, value) == record
    assert json.loads(value.decode()) == msgspec.to_builtins(record)
    assert [byte for byte in value if byte < 0x20] == []


@kinds
@MODEST
@given(data=st.data())
def test_bytes_changed_anywhere_give_a_record_or_a_reason_and_never_an_exception(
    kind: type[Record], data: st.DataObject
) -> None:
    value = bytearray(data.draw(st.sampled_from(GOOD[kind])))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(value)))
        end = data.draw(st.integers(start, min(start + LONGEST, len(value))))
        value[start:end] = data.draw(
            st.binary(max_size=LONGEST) | st.sampled_from([b"", b"null", b"1e999", b'"', b"[" * 2000])
        )
    check(kind, bytes(value))


@kinds
@MODEST
@given(data=st.data())
def test_json_of_any_shape_gives_a_record_or_a_reason_and_never_an_exception(
    kind: type[Record], data: st.DataObject
) -> None:
    names = st.sampled_from([field.encode_name for field in msgspec.structs.fields(kind)])
    leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=LONGEST)
    anything = st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5)
    )
    whole: Any = json.loads(data.draw(st.sampled_from(GOOD[kind])))
    changed = whole | data.draw(st.dictionaries(names, anything, max_size=2))
    check(kind, json.dumps(data.draw(st.sampled_from([changed, data.draw(anything)]))).encode())


def check(kind: type[Record], value: bytes) -> None:
    """Decode; what is a record must survive the way back, so that a dead letter is made here or nowhere."""
    record = decode(kind, value)
    if isinstance(record, Undecodable):
        assert record.reason in ("not_utf8", "not_json", "unknown_version", "wrong_shape", "implausible_time")
    else:
        assert decode(kind, encode(record)) == record
