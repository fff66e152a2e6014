"""Letters to Kafka, each as much of it as its topic takes: one that is never taken would be tried for ever."""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from runtime.errors import RecordRefused
from runtime.kafka.out_record import DeliversRecords, OutRecord

L = TypeVar("L")

MIB: Final = 1024 * 1024
CAPS: Final = (16 * MIB, MIB, 256 * 1024, 32 * 1024, 4096, 0)
"""Bytes kept of a letter's original record, one after the other, until Kafka takes it. No topic takes the first."""


async def deliver_cut(producer: DeliversRecords, letters: Sequence[L], write: Callable[[L, int], OutRecord]) -> None:
    """Deliver letters; those that are too large are cut. `write` makes a record of a letter, cut to so many bytes.

    Raises DeliveryFailed, and RecordRefused if a topic refuses a letter's content, or the smallest letter there is.
    """
    left = letters
    for cap in CAPS:
        if not left:
            return
        try:
            await producer.deliver([write(letter, cap) for letter in left])
        except RecordRefused as error:
            if cap == CAPS[-1] or "invalid" in error.reasons.values():
                raise
            left = [left[index] for index in error.reasons]
        else:
            return
