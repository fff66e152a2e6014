"""Dead letters: what they say of the record they are about."""

import pytest

from schemas import DeadLetter, Undecodable
from schemas.letters import cut_letter, make_dead_letter
from tests.sink.builders import NOW, Source

CAUSE = Undecodable("not_json", "no JSON")


def letter_of(value: bytes | None, key: bytes | None = b"key") -> DeadLetter:
    return make_dead_letter(Source("clicks.raw", value, 7, 3, key), CAUSE, "enricher", NOW)  # type: ignore[arg-type] # null is a record too


def test_a_letter_names_the_place_the_time_and_the_digest_of_its_record() -> None:
    letter = letter_of(b"abc")

    assert (letter.topic, letter.partition, letter.offset, letter.taken_at) == ("clicks.raw", 3, 7, NOW)
    assert (letter.size, letter.is_cut) == (3, False)
    assert letter.digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert letter_of(None).size == 0


@pytest.mark.parametrize(
    ("cap", "key", "value", "is_cut"),
    [(9, b"key", b"123456789", False), (8, b"key", b"12345678", True), (2, b"ke", b"12", True), (0, b"", b"", True)],
)
def test_a_letter_is_cut_to_so_many_bytes_and_says_so(cap: int, key: bytes, value: bytes, is_cut: bool) -> None:
    whole = letter_of(b"123456789")
    shorter = cut_letter(whole, cap)

    assert (shorter.key, shorter.value, shorter.is_cut) == (key, value, is_cut)
    assert (shorter.digest, shorter.size) == (whole.digest, 9)
    assert cut_letter(letter_of(b"", None), 0).is_cut is False
