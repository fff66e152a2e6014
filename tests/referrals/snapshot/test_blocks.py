import string
from zlib import crc32

from hypothesis import given
from hypothesis import strategies as st

from referrals.snapshot.blocks import (
    HEADER,
    TRAILER_BYTES,
    BlockSplitter,
    find_index,
    find_value,
    read_index,
    replace_lines,
)

NAMES = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=8)
KEYS = st.builds("{} {}".format, st.sampled_from(["affiliate", "code", "program"]), NAMES)
VALUES = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=60).map(str.encode)


def cut(lines: dict[bytes, bytes], *, chunk: int, block_bytes: int) -> bytes:
    """Give a file with these lines, handed over in chunks of some bytes."""
    data = b"".join(key + b" " + value + b"\n" for key, value in sorted(lines.items()))
    splitter = BlockSplitter()
    parts = [splitter.add(data[at : at + chunk], block_bytes) for at in range(0, len(data), chunk)]
    return b"".join([HEADER, *parts, splitter.finish_block(), splitter.finish("here", 7, 1.0, "fields")])


@given(st.dictionaries(KEYS.map(str.encode), VALUES, max_size=30), st.integers(1, 100), st.integers(1, 200))
def test_every_line_is_in_the_block_that_the_index_says(
    lines: dict[bytes, bytes], chunk: int, block_bytes: int
) -> None:
    file = cut(lines, chunk=chunk, block_bytes=block_bytes)
    place = find_index(file[-TRAILER_BYTES:])
    assert place is not None
    read = read_index(file[place[0] : -TRAILER_BYTES], *place)
    assert read is not None
    info, blocks = read
    found = {}
    for number, first in enumerate(blocks.first_keys):
        block = file[blocks.edges[number] : blocks.edges[number + 1]]
        stop = blocks.first_keys[number + 1] if number + 1 < len(blocks.first_keys) else "~"
        assert crc32(block) == blocks.crcs[number]
        found |= {key: find_value(block, key) for key in lines if first <= key.decode() < stop}
    assert (found, info.codes) == (lines, sum(key.startswith(b"code ") for key in lines))


@given(
    st.dictionaries(KEYS.map(str.encode), VALUES, max_size=20),
    st.dictionaries(KEYS.map(str.encode), st.none() | VALUES),
)
def test_lines_are_changed_put_in_and_taken_out(lines: dict[bytes, bytes], changes: dict[bytes, bytes | None]) -> None:
    block = b"".join(b"\n" + key + b" " + value for key, value in sorted(lines.items()))
    expected = {key: value for key, value in (lines | changes).items() if value is not None}
    assert b"".join(b"%b %b\n" % item for item in sorted(expected.items())) == replace_lines(block, changes.items())


def test_a_key_is_not_found_inside_of_another_or_in_a_value() -> None:
    block = b'\ncode abcd {"target":"code abc "}\ncode xabc {}'
    assert [find_value(block, key) for key in (b"code abc", b"code bcd", b"code xab")] == [None, None, None]


def test_an_index_whose_parts_do_not_fit_together_is_none() -> None:
    splitter = BlockSplitter()
    splitter.add(b"code a 1\n" * 3, 5)
    data = splitter.finish("here", 1, 1.0, "fields")[:-TRAILER_BYTES]
    broken = [data.replace(b'"crcs":"', b'"crcs":"AAAA'), data.replace(b"code a", b"code z", 1), data[:-2], b"{}", b""]
    assert [read_index(each, splitter.end, crc32(each)) for each in broken] == [None] * 5
    assert read_index(data, splitter.end, crc32(data)) is not None
    assert read_index(data, 1, crc32(data)) is None
