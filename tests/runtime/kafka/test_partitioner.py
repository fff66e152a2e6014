"""Kafka's default partitioner."""

from aiokafka.partitioner import murmur2 as reference
from hypothesis import given
from hypothesis import strategies as st

from runtime.kafka.partitioner import hash_keys


def expected(key: bytes | None) -> int:
    return int(reference(key)) & 0x7FFFFFFF if key else 0


@given(st.lists(st.none() | st.binary(max_size=40)))
def test_it_agrees_with_another_reading_whatever_keys_come_together(keys: list[bytes | None]) -> None:
    assert hash_keys(keys) == [expected(key) for key in keys]


@given(st.lists(st.binary(min_size=26, max_size=26), max_size=50))
def test_it_agrees_with_another_reading_for_click_ids(keys: list[bytes]) -> None:
    assert hash_keys(keys) == [expected(key) for key in keys]


def test_known_keys_have_their_known_values() -> None:
    # From org.apache.kafka.common.utils.UtilsTest.testMurmur2.
    assert hash_keys([b"21", b"foobar", None, b"a-little-bit-long-string"]) == [
        -973932308 & 0x7FFFFFFF,
        -790332482 & 0x7FFFFFFF,
        0,
        -985981536 & 0x7FFFFFFF,
    ]
