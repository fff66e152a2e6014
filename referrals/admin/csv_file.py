"""Reads CSV as spreadsheets save it, and recognizes files that are not CSV. Pure."""

import csv
import re
from collections.abc import Collection, Iterator
from io import StringIO
from typing import Final, NamedTuple

import msgspec

SEPARATORS: Final = (",", ";", "\t", "|")
SEPARATOR_LINE: Final = re.compile(r'"?sep=(.)"?[;,\t]*(?:\r\n|\r|\n)', re.IGNORECASE)
"""The first line `sep=;`, which Excel reads and writes. It is not a row."""
UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
NOT_TEXT: Final = {
    b"PK\x03\x04": "this is a spreadsheet or an archive, not CSV",
    b"\xd0\xcf\x11\xe0": "this is a spreadsheet, not CSV",
    b"%PDF": "this is a PDF, not CSV",
    b"\x1f\x8b": "this file is compressed",
}
SAVE_AS: Final = "save it as CSV UTF-8"
NOT_UTF_8: Final = re.compile("[\ud800-\udfff]")


class LineError(msgspec.Struct, frozen=True, order=True):
    """A problem in a line; lines are counted from 1."""

    line: int
    reason: str
    field: str = ""
    """The column that is wrong; empty for a line or file that is wrong as a whole."""


class Record(NamedTuple):
    """A line that is not empty, its cells stripped. `line` is the first one: a quoted cell may span several lines."""

    line: int
    cells: list[str]


def read_records(data: bytes, names: Collection[str]) -> list[Record | LineError]:
    """Read the lines that are not empty, in order; lines that cannot be read become errors. `names` are the columns.

    Accepts UTF-8, UTF-16 with a byte order mark, and any line ending. Cells, quoted or not, are separated by comma,
    semicolon, tab or bar: the one that a first line `sep=` names, else the one that gives the header most of `names`.
    Lines with only separators and spaces are skipped.
    """
    text = decode(data)
    if isinstance(text, LineError):
        return [text]
    said = SEPARATOR_LINE.match(text)
    if said:
        return list(split(text[said.end() :], said[1], 1))
    return list(split(text, choose_separator(text, names), 0))


def decode(data: bytes) -> str | LineError:
    """Decode a file. Bytes that are not UTF-8 become surrogates, so that `split` can report their line."""
    for start, what in NOT_TEXT.items():
        if data.startswith(start):
            return LineError(1, f"{what}: {SAVE_AS}")
    if data.startswith(UTF_16):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError:
            return LineError(1, f"this has the byte order mark of UTF-16 but is not UTF-16: {SAVE_AS}")
    if b"\0" in data[:4]:
        return LineError(1, f"this is UTF-16 without a byte order mark, or not text: {SAVE_AS}")
    return data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")


def choose_separator(text: str, names: Collection[str]) -> str:
    """Choose the separator that gives the first line that is not empty the most of these columns, or of any."""
    first = next((line for line in text.splitlines() if line.strip(" ,;\t|")), "")

    def count(separator: str) -> tuple[int, int]:
        cells = first.split(separator)
        return len({name_column(cell) for cell in cells}.intersection(names)), len(cells)

    return max(SEPARATORS, key=count)


def name_column(cell: str) -> str:
    """Turn a header's cell into the name of a column: `Affiliate ID` is `affiliate_id`."""
    return cell.strip().strip('"').strip().lower().replace(" ", "_")


def split(text: str, separator: str, before: int) -> Iterator[Record | LineError]:
    """Split text into records; `before` is the number of lines before the text."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    begins = before + 1
    try:
        for cells in reader:
            record = Record(begins, [cell.strip() for cell in cells])
            if any(record.cells):
                wrong = any(map(NOT_UTF_8.search, record.cells))
                yield LineError(begins, f"this line is not UTF-8: {SAVE_AS}") if wrong else record
            begins = before + reader.line_num + 1
    except csv.Error as error:
        yield LineError(begins, f"this line and the rest of the file are not CSV: {error}")
