import subprocess
import sys

import pytest
import ulid as python_ulid
from hypothesis import given
from hypothesis import strategies as st

from identity.crockford import ALPHABET, encode_80_bits
from identity.ulid import is_ulid, make_ulid
from tests.identity.builders import CLICK_ID, MODEST
from tests.identity.reference_implementation import write_base32

NOT_CANONICAL = [
    "",
    CLICK_ID[:-1],
    CLICK_ID + "0",
    CLICK_ID + "\n",
    CLICK_ID.lower(),
    "8" + CLICK_ID[1:],
    CLICK_ID[:-1] + "I",
    CLICK_ID[:-1] + "U",
    CLICK_ID[:13] + " " + CLICK_ID[14:],
    CLICK_ID[:-1] + "\udcff",
    "\u0660" * 26,
]

times_ms = st.integers(0, 2**48 - 1)
sixteen_bytes = st.binary(min_size=16, max_size=16)


@MODEST
@given(times_ms, sixteen_bytes)
def test_an_id_is_what_another_implementation_reads_and_writes(now_ms: int, randomness: bytes) -> None:
    click_id = make_ulid(now_ms, randomness)
    other = python_ulid.ULID.from_str(click_id)

    assert (str(other), other.milliseconds) == (click_id, now_ms)
    assert is_ulid(click_id)


@MODEST
@given(times_ms, st.binary(min_size=10, max_size=10))
def test_every_ulid_of_another_implementation_is_one(now_ms: int, randomness: bytes) -> None:
    assert is_ulid(str(python_ulid.ULID.from_bytes(now_ms.to_bytes(6, "big") + randomness)))


@MODEST
@given(st.lists(times_ms, min_size=2, max_size=2), sixteen_bytes)
def test_ids_sort_by_time(times: list[int], randomness: bytes) -> None:
    earlier, later = sorted(times)

    assert make_ulid(earlier, randomness) <= make_ulid(later, randomness)


@MODEST
@given(st.binary(min_size=10, max_size=10))
def test_eighty_bits_are_written_as_the_plain_method_writes_them(data: bytes) -> None:
    assert encode_80_bits(data) == write_base32(int.from_bytes(data, "big"), 16)


def test_every_random_character_is_as_likely_as_any_other() -> None:
    last = [make_ulid(0, bytes(15) + bytes([byte]))[-1] for byte in range(256)]

    assert {character: last.count(character) for character in ALPHABET} == dict.fromkeys(ALPHABET, 8)


@pytest.mark.parametrize("text", NOT_CANONICAL)
def test_a_text_that_is_no_canonical_ulid_is_told_apart(text: str) -> None:
    assert not is_ulid(text)


@MODEST
@given(st.text(max_size=30))
def test_any_text_can_be_asked_about(text: str) -> None:
    assert is_ulid(text) == (len(text) == 26 and text[0] in "01234567" and all(c in ALPHABET for c in text))


@pytest.mark.parametrize(("now_ms", "randomness"), [(-1, bytes(16)), (2**48, bytes(16)), (0, bytes(10)), (0, b"")])
def test_an_id_is_not_made_of_what_does_not_fit(now_ms: int, randomness: bytes) -> None:
    with pytest.raises(ValueError, match="16 random bytes"):
        make_ulid(now_ms, randomness)


def test_forked_processes_and_their_parent_make_no_id_twice() -> None:
    program = """
import os
from identity.randomness import RandomPool
from identity.ulid import RANDOM_BYTES, make_ulid
pool = RandomPool(RANDOM_BYTES)
make_ulid(0, pool.draw())
for _ in range(3):
    if not (child := os.fork()):
        break
made = "\\n".join(make_ulid(0, pool.draw()) for _ in range(2_000)) + "\\n"
if child:
    for _ in range(3):
        os.wait()
os.write(1, made.encode())
"""
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout.split()

    assert (len(made), len(set(made))) == (8_000, 8_000)
