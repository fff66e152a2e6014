"""Frames: after any damage the intact ones are found, and scanning neither raises nor takes long."""

import random
import zlib
from collections.abc import Iterable

from hypothesis import example, given
from hypothesis import strategies as st

from ingest.journal.framing import (
    KEY_BYTES,
    LARGEST_BODY,
    LARGEST_FRAME,
    MARK,
    DamagedBytes,
    IntactFrame,
    encode_frame,
    scan,
)
from tests.examples import examples
from tests.ingest.journal.builders import framed, key, number_of, payload

MODEST = examples(300)
CLICK = st.tuples(st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=26, max_size=26), st.text(max_size=200))
GARBAGE = st.one_of(st.binary(max_size=80), st.sampled_from([MARK, MARK[:2], MARK + b"\0\0\0\x1a", bytes(40)]))


def clicks(found: Iterable[IntactFrame | DamagedBytes]) -> list[tuple[bytes, bytes]]:
    return [(item.key, item.payload) for item in found if isinstance(item, IntactFrame)]


def in_pieces(data: bytes, sizes: Iterable[int]) -> list[IntactFrame | DamagedBytes]:
    """Scan data in pieces, as the reader of files does."""
    found: list[IntactFrame | DamagedBytes] = []
    at = offset = 0
    for size in [*sizes, len(data)]:
        at = min(at + size, len(data))
        piece = data[offset:at]
        shifted = [
            item._replace(start=item.start + offset, end=item.end + offset)
            for item in scan(piece, complete=at == len(data))
        ]
        found += shifted
        offset = shifted[-1].end if shifted else offset
    return found


@MODEST
@given(st.lists(CLICK, max_size=5))
def test_what_is_framed_is_read_back(written: list[tuple[str, str]]) -> None:
    expected = [(click_id.encode(), click.encode()) for click_id, click in written]
    data = b"".join(encode_frame(*click) for click in expected)
    assert clicks(scan(data)) == expected
    assert not any(isinstance(item, DamagedBytes) for item in scan(data))


def test_the_format_is_what_the_documentation_says() -> None:
    body = key(7) + b'{"a":"\xc3\xa9"}'
    assert encode_frame(key(7), body[26:]) == (
        b"\xff\x43\x52\x31" + len(body).to_bytes(4, "big") + zlib.crc32(body).to_bytes(4, "big") + body
    )


@MODEST
@given(st.lists(st.one_of(GARBAGE, CLICK), max_size=8))
def test_every_byte_is_told_once_in_order(parts: list[bytes | tuple[str, str]]) -> None:
    data = b"".join(
        part if isinstance(part, bytes) else encode_frame(part[0].encode(), part[1].encode()) for part in parts
    )
    found = list(scan(data))
    assert [item.end for item in found] == [item.start for item in found[1:]] + [len(data)][: len(found)]
    assert (found[0].start if found else len(data)) == 0


@MODEST
@given(st.lists(st.one_of(GARBAGE, CLICK), max_size=8))
@example([MARK, ("0" * 26, "x")])
@example([MARK + (26).to_bytes(4, "big"), ("0" * 26, "x")])
@example([encode_frame(b"0" * 26, b"x" * 50)[:-1], ("0" * 26, "x")])
def test_frames_between_garbage_are_all_found(parts: list[bytes | tuple[str, str]]) -> None:
    expected = [(part[0].encode(), part[1].encode()) for part in parts if not isinstance(part, bytes)]
    data = b"".join(
        part if isinstance(part, bytes) else encode_frame(part[0].encode(), part[1].encode()) for part in parts
    )
    found = clicks(scan(data))
    assert [click for click in found if click in expected] == expected


@MODEST
@given(
    st.lists(st.one_of(GARBAGE, CLICK), max_size=8),
    st.lists(st.integers(min_value=0, max_value=300), max_size=20),
)
def test_in_pieces_the_same_is_found_as_in_one(parts: list[bytes | tuple[str, str]], sizes: list[int]) -> None:
    data = b"".join(
        part if isinstance(part, bytes) else encode_frame(part[0].encode(), part[1].encode()) for part in parts
    )
    whole = [item for item in scan(data) if isinstance(item, IntactFrame)]
    assert [item for item in in_pieces(data, sizes) if isinstance(item, IntactFrame)] == whole


@MODEST
@given(st.binary(max_size=400))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    assert sum(item.end - item.start for item in scan(data)) == len(data)
    assert sum(item.end - item.start for item in scan(data, complete=False)) <= len(data)


def test_a_flipped_bit_costs_its_own_frame_and_no_other() -> None:
    data = framed(range(3), size=60)
    start, end = len(data) // 3, 2 * len(data) // 3
    for bit in range(8 * start, 8 * end):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        found = list(scan(bytes(flipped)))
        assert [number_of(item.key) for item in found if isinstance(item, IntactFrame)] == [0, 2]
        assert [item for item in found if isinstance(item, DamagedBytes)] == [DamagedBytes(start, end)]


def test_a_torn_frame_costs_itself_and_not_the_one_behind_it() -> None:
    whole = framed([1])
    for length in range(len(whole)):
        assert clicks(scan(whole[:length] + framed([2]))) == [(key(2), payload(2))]


def test_a_frame_larger_than_any_click_is_none() -> None:
    largest = encode_frame(key(1), b"x" * (LARGEST_BODY - KEY_BYTES))
    assert (len(largest), len(clicks(scan(largest)))) == (LARGEST_FRAME, 1)
    assert clicks(scan(encode_frame(key(1), b"x" * (LARGEST_BODY - KEY_BYTES + 1)))) == []


def test_what_is_left_for_later_is_less_than_a_frame() -> None:
    chance = random.Random(1)
    for _ in range(200):
        data = MARK + chance.randrange(2 * LARGEST_BODY).to_bytes(4, "big") + bytes(chance.randrange(LARGEST_FRAME))
        told = sum(item.end - item.start for item in scan(data, complete=False))
        assert len(data) - told < LARGEST_FRAME


class Counted(bytes):
    """Bytes that count how many of them were looked through, or cut out to be."""

    looked = 0

    def __getitem__(self, cut: slice) -> bytes:  # type: ignore[override] # as it is called
        part = super().__getitem__(cut)
        Counted.looked += len(part)
        return part

    def find(self, sub: bytes, start: int = 0, end: int | None = None) -> int:  # type: ignore[override] # as it is called
        end = len(self) if end is None else min(end, len(self))
        at = super().find(sub, start, end)
        Counted.looked += max(0, (end if at < 0 else at) - start)
        return at


def test_hostile_bytes_are_looked_through_a_few_times_and_no_more() -> None:
    begun = MARK + LARGEST_BODY.to_bytes(4, "big")
    for hostile in (MARK, begun, begun + bytes(4), begun + b"x" * 50, MARK + (30).to_bytes(4, "big") + bytes(29)):
        Counted.looked = 0
        data = Counted(hostile * (LARGEST_BODY // len(hostile)) + b"x" * LARGEST_BODY)
        assert clicks(scan(data)) == []
        assert Counted.looked < 8 * len(data)
