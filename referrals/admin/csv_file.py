"""Reads CSV as spreadsheets save it: the lines that hold something, or what the file is instead. Pure."""

import csv
import re
from collections.abc import Collection, Iterator
from io import StringIO
from typing import Final, NamedTuple

import msgspec

SEPARATORS: Final = (",", ";", "\t", "|")
SAYS_SEPARATOR: Final = re.compile(r'"?sep=(.)"?[;,\t]*(?:\r\n|\r|\n)', re.IGNORECASE)
"""A first line that Excel writes and reads, and that is no row."""
UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
NO_TEXT: Final = {
    b"PK\x03\x04": "this is a spreadsheet or an archive and not CSV",
    b"\xd0\xcf\x11\xe0": "this is a spreadsheet and not CSV",
    b"%PDF": "this is a PDF and not CSV",
    b"\x1f\x8b": "this is compressed",
}
SAVE_AS: Final = "save it as CSV UTF-8"
NOT_UTF_8: Final = re.compile("[\ud800-\udfff]")


class LineError(msgspec.Struct, frozen=True, order=True):
    """What is wrong with a line (counted from 1, as editors do)."""

    line: int
    reason: str


class Record(NamedTuple):
    """A line that holds something, its cells without the spaces around them. A quoted cell may have several lines."""

    line: int
    cells: list[str]


def read_records(data: bytes, names: Collection[str]) -> list[Record | LineError]:
    """Give the lines that hold something, in their order, those that cannot be read as errors. `names` are columns.

    Read are UTF-8 and UTF-16 with a mark, any end of line, cells parted by comma, semicolon, tab or bar (whichever
    gives the header its columns, or a first line `sep=` names), quoted or not. Lines of nothing but separators and
    spaces are passed over.
    """
    text = decode(data)
    if isinstance(text, LineError):
        return [text]
    said = SAYS_SEPARATOR.match(text)
    if said:
        return list(split(text[said.end() :], said[1], 1))
    return list(split(text, choose_separator(text, names), 0))


def decode(data: bytes) -> str | LineError:
    """Decode a file; bytes that are not UTF-8 become surrogates, to be found in their lines."""
    for start, what in NO_TEXT.items():
        if data.startswith(start):
            return LineError(1, f"{what}: {SAVE_AS}")
    if data.startswith(UTF_16):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError:
            return LineError(1, f"this begins as UTF-16 and is not: {SAVE_AS}")
    if b"\0" in data[:4]:
        return LineError(1, f"this is UTF-16 without its mark, or no text: {SAVE_AS}")
    return data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")


def choose_separator(text: str, names: Collection[str]) -> str:
    """Choose what parts the first line that holds something into the most of these columns."""
    first = next((line for line in text.splitlines() if line.strip(" ,;\t|")), "")
    return max(SEPARATORS, key=lambda one: len({name_column(cell) for cell in first.split(one)}.intersection(names)))


def name_column(cell: str) -> str:
    """Give a header's cell as a column is named: `Affiliate ID` is `affiliate_id`."""
    return cell.strip().strip('"').strip().lower().replace(" ", "_")


def split(text: str, separator: str, before: int) -> Iterator[Record | LineError]:
    """Split text into records; `before` is how many lines stand in front of it."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    begins = before + 1
    try:
        for cells in reader:
            record = Record(begins, [cell.strip() for cell in cells])
            if any(record.cells):
                wrong = any(map(NOT_UTF_8.search, record.cells))
                yield LineError(begins, f"not UTF-8: {SAVE_AS}") if wrong else record
            begins = before + reader.line_num + 1
    except csv.Error as error:
        yield LineError(begins, f"not CSV from here on: {error}")
