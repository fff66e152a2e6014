"""Letters as large as Kafka takes them."""

from collections.abc import Sequence

import pytest

from runtime.errors import RecordRefused
from runtime.kafka.cutting import deliver_cut
from runtime.kafka.out_record import OutRecord

MANY = 100_000


class Kafka:
    """Takes records of at most so many bytes."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken: list[bytes] = []

    async def deliver(self, records: Sequence[OutRecord]) -> None:
        self.taken += [record.value for record in records if len(record.value) <= self.most]
        if refused := [place for place, record in enumerate(records) if len(record.value) > self.most]:
            raise RecordRefused(dict.fromkeys(refused, "too_large"), {"clicks.dead"})


def write(letter: bytes, cap: int) -> OutRecord:
    return OutRecord("clicks.dead", None, b"reason " + letter[:cap])


@pytest.mark.parametrize(("most", "left"), [(2 * MANY, MANY), (40_000, 32_768), (32_768, 4096), (7, 0)])
async def test_a_letter_is_cut_to_what_kafka_takes_and_the_others_are_whole(most: int, left: int) -> None:
    kafka = Kafka(most)
    await deliver_cut(kafka, [b"", b"x" * MANY, b""], write)

    assert sorted(len(value) for value in kafka.taken) == [7, 7, 7 + left]


async def test_a_topic_that_takes_no_letter_at_all_is_no_reason_to_lose_it() -> None:
    with pytest.raises(RecordRefused, match=r"1 records are larger than clicks\.dead allows"):
        await deliver_cut(Kafka(6), [b"x"], write)


async def test_no_letters_are_nothing_to_deliver() -> None:
    kafka = Kafka(0)
    await deliver_cut(kafka, [], write)

    assert kafka.taken == []
