"""Kafka's default partitioner."""

from typing import Final

from aiokafka.partitioner import murmur2 as reference
from hypothesis import given
from hypothesis import strategies as st

from runtime.kafka.murmur2 import hash_keys

VECTORS: Final = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}
"""Hashes of keys, from Kafka's own org.apache.kafka.common.utils.UtilsTest.testMurmur2."""


def expected(key: bytes | None) -> int:
    return int(reference(key)) & 0x7FFFFFFF if key else 0


@given(st.lists(st.none() | st.binary(max_size=40)))
def test_it_agrees_with_another_reading_whatever_keys_come_together(keys: list[bytes | None]) -> None:
    assert hash_keys(keys) == [expected(key) for key in keys]


@given(st.lists(st.binary(min_size=26, max_size=26), max_size=50))
def test_it_agrees_with_another_reading_for_click_ids(keys: list[bytes]) -> None:
    assert hash_keys(keys) == [expected(key) for key in keys]


def test_the_keys_of_kafkas_own_test_have_its_hashes() -> None:
    assert hash_keys([*VECTORS, None]) == [*(value & 0x7FFFFFFF for value in VECTORS.values()), 0]
