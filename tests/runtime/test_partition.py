"""Kafka's default partitioner."""

from aiokafka.partitioner import murmur2 as reference
from hypothesis import given
from hypothesis import strategies as st

from runtime.partition import murmur2, partition_for


@given(st.binary(max_size=259))
def test_it_agrees_with_another_reading_of_the_same_function(key: bytes) -> None:
    assert reference(key) == murmur2(key)


def test_known_keys_have_their_known_values() -> None:
    # From org.apache.kafka.common.utils.UtilsTest.testMurmur2, as unsigned numbers.
    assert [murmur2(b"21"), murmur2(b"foobar"), murmur2(b"a-little-bit-long-string")] == [
        -973932308 & 0xFFFFFFFF,
        -790332482 & 0xFFFFFFFF,
        -985981536 & 0xFFFFFFFF,
    ]


def test_a_partition_is_one_of_those_there_are() -> None:
    assert {partition_for(b"%d" % number, 3) for number in range(100)} == {0, 1, 2}
