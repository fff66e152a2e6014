"""The name of a dead letter: TOPIC/PARTITION/OFFSET of the record it is about, and the beginning of its digest. Pure.

A topic that is deleted and made again counts from 0 again, so one place can have several letters: the digest tells
them apart.
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from schemas import DeadLetter

SHOWN_DIGITS: Final = 8
"""Digits of a digest that a name is shown with: two records of one place share them once in 4,000 million."""
NAME: Final = re.compile(
    r"(?P<topic>[^/]+)/(?P<partition>\d{1,10})/(?P<offset>\d{1,19})(@(?P<digest>[0-9a-f]{1,64}))?", re.ASCII
)
MAX_PARTITION: Final = (1 << 31) - 1
MAX_OFFSET: Final = (1 << 63) - 1


class LetterName(msgspec.Struct, frozen=True):
    """`digest` is the beginning of the letter's digest, in hexadecimal digits; empty for any letter of that place."""

    topic: str
    partition: int
    offset: int
    digest: str = ""

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}" + (f"@{self.digest}" if self.digest else "")


def parse_letter_name(text: str) -> LetterName | None:
    """Read a name as `str` writes it, with or without a digest; null for what is none."""
    found = NAME.fullmatch(text)
    if found is None:
        return None
    name = LetterName(found["topic"], int(found["partition"]), int(found["offset"]), found["digest"] or "")
    return name if name.partition <= MAX_PARTITION and name.offset <= MAX_OFFSET else None


def name_letter(topic: str, partition: int, offset: int, digest: str) -> LetterName:
    """Give the name by which a letter is shown and found."""
    return LetterName(topic, partition, offset, digest[:SHOWN_DIGITS])


def distinct_names(letters: Sequence[DeadLetter]) -> list[LetterName]:
    """Give a name for each letter, with as many digits as tell them all apart."""
    digests = [letter.digest or "" for letter in letters]
    digits = SHOWN_DIGITS
    while len({digest[:digits] for digest in digests}) < len(set(digests)):
        digits += 1
    return [LetterName(one.topic, one.partition, one.offset, (one.digest or "")[:digits]) for one in letters]
