"""The name of a dead letter: TOPIC/PARTITION/OFFSET of its record, and the beginning of its digest. Pure.

A topic that is deleted and created again restarts its offsets at 0, so one offset can have several letters; their
digests differ.
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from schemas import DeadLetter

SHOWN_DIGITS: Final = 8
"""Digits of the digest in a name. Two records of one offset share them with a probability of 1 in 4 billion."""
NAME: Final = re.compile(
    r"(?P<topic>[^/]+)/(?P<partition>\d{1,10})/(?P<offset>\d{1,19})(@(?P<digest>[0-9a-f]{1,64}))?", re.ASCII
)
MAX_PARTITION: Final = (1 << 31) - 1
MAX_OFFSET: Final = (1 << 63) - 1


class LetterName(msgspec.Struct, frozen=True):
    """`digest` is the beginning of the digest in hexadecimal digits; empty matches every letter of the offset."""

    topic: str
    partition: int
    offset: int
    digest: str = ""

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}" + (f"@{self.digest}" if self.digest else "")


def parse_letter_name(text: str) -> LetterName | None:
    """Parse a name as `str` writes it, with or without a digest; None for anything else."""
    found = NAME.fullmatch(text)
    if found is None:
        return None
    name = LetterName(found["topic"], int(found["partition"]), int(found["offset"]), found["digest"] or "")
    return name if name.partition <= MAX_PARTITION and name.offset <= MAX_OFFSET else None


def name_letter(topic: str, partition: int, offset: int, digest: str) -> LetterName:
    """Return the name by which a letter is shown and found."""
    return LetterName(topic, partition, offset, digest[:SHOWN_DIGITS])


def distinct_names(letters: Sequence[DeadLetter]) -> list[LetterName]:
    """Return a name for each letter, with enough digits to make all names different."""
    digests = [letter.digest or "" for letter in letters]
    digits = SHOWN_DIGITS
    while len({digest[:digits] for digest in digests}) < len(set(digests)):
        digits += 1
    return [LetterName(one.topic, one.partition, one.offset, (one.digest or "")[:digits]) for one in letters]
