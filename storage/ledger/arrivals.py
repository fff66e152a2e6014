"""The numbers of the clicks in a batch, by process and minute. Pure, but for `note_arrivals`."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
import msgspec

from identity.ulid import ulid_milliseconds
from schemas import CLICKS_ENRICHED, CLICKS_RAW
from storage.columns import CLICK_COLUMNS, LETTER_COLUMNS
from storage.erased import find_erased
from storage.tables import CLICKS, DEAD_LETTERS, StorableRow

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
HANDLED: Final = re.compile(rb'"process"\s*:\s*"([0-9A-HJKMNP-TV-Z]{26})"\s*,\s*"sequence"\s*:\s*([0-9]{1,18})\b')
"""Finds the number in a click that cannot be decoded. A quote inside of a JSON text has a backslash before it."""
ULID: Final = re.compile(rb"[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")
PROCESS, SEQUENCE, CLICKED_AT = (
    CLICK_COLUMNS.index(name) for name in ("handled_process", "handled_sequence", "clicked_at")
)
TOPIC, KEY, VALUE, FAILED_AT = (LETTER_COLUMNS.index(name) for name in ("topic", "key", "value", "failed_at"))
HIGHEST: Final = 2**62
"""No process ever gets so far: a number above it is made up, and a range that ends with it might not fit."""
NOTE: Final = """
    INSERT INTO ledger_arrivals (process, minute, highest, numbers, is_dead)
    SELECT process, minute, highest, numbers::int8multirange, is_dead
    FROM unnest($1::text[], $2::timestamptz[], $3::bigint[], $4::text[], $5::boolean[])
        AS noted (process, minute, highest, numbers, is_dead)
"""
NOTE_UNNUMBERED: Final = """
    INSERT INTO ledger_unnumbered (click_id, minute) SELECT * FROM unnest($1::text[], $2::timestamptz[]) ORDER BY 1
    ON CONFLICT DO NOTHING
"""
NOTE_S: Final = 30.0


class Arrival(msgspec.Struct, frozen=True):
    """Numbers of one process in one minute of the clicks' time, ascending; `is_dead`: they are in dead letters."""

    process: str
    minute: datetime
    numbers: tuple[int, ...]
    is_dead: bool


class Unnumbered(msgspec.Struct, frozen=True):
    """The dead letter of a click whose number cannot be read."""

    click_id: str
    minute: datetime


def find_arrivals(rows: Iterable[StorableRow]) -> list[Arrival]:
    """Group the numbered clicks and dead letters of a batch. Rows of other tables and of erased clicks are left out."""
    groups: dict[tuple[str, datetime, bool], set[int]] = {}
    for one in rows:
        found = read_click(one.row) if one.table is CLICKS else read_letter(one.row) if is_of_click(one) else None
        if found is not None:
            process, minute, number = found
            groups.setdefault((process, minute, one.table is DEAD_LETTERS), set()).add(number)
    return [
        Arrival(process, minute, tuple(sorted(numbers)), is_dead)
        for (process, minute, is_dead), numbers in groups.items()
    ]


def find_unnumbered(rows: Iterable[StorableRow]) -> list[Unnumbered]:
    """Give the dead letters of clicks that have no readable number, but a click's id as their key."""
    letters = (one.row for one in rows if is_of_click(one) and read_letter(one.row) is None)
    return [
        Unnumbered(letter[KEY].decode(), letter_minute(letter)) for letter in letters if ULID.match(letter[KEY] or b"")
    ]


def is_of_click(one: StorableRow) -> bool:
    """Tell whether a row is the dead letter of a click."""
    return one.table is DEAD_LETTERS and one.row[TOPIC].endswith((CLICKS_RAW.name, CLICKS_ENRICHED.name))


def read_click(row: Sequence[Any]) -> tuple[str, datetime, int] | None:
    if not row[PROCESS] or not row[SEQUENCE] or row[SEQUENCE] > HIGHEST:
        return None
    return row[PROCESS], minute_of(row[CLICKED_AT]), row[SEQUENCE]


def read_letter(row: Sequence[Any]) -> tuple[str, datetime, int] | None:
    found = HANDLED.search(row[VALUE])
    if found is None or not 0 < int(found[2]) <= HIGHEST:
        return None
    return found[1].decode(), letter_minute(row), int(found[2])


def letter_minute(row: Sequence[Any]) -> datetime:
    """Give the minute of the click's id, and of the failure if the key is no id or one of another time."""
    key, failed_at = row[KEY] or b"", row[FAILED_AT]
    milliseconds = int(failed_at.timestamp() * 1000)
    if ULID.match(key):
        # A number first: a ULID may have a time after the year 9999.
        milliseconds = min(milliseconds, ulid_milliseconds(key.decode()))
    return minute_of(EPOCH + timedelta(milliseconds=milliseconds))


def minute_of(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(second=0, microsecond=0)


def write_ranges(numbers: Sequence[int]) -> str:
    """Write ascending numbers as PostgreSQL's multirange."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number:
            ranges[-1][1] = number + 1
        else:
            ranges.append([number, number + 1])
    return f"{{{','.join(f'[{first},{end})' for first, end in ranges)}}}"


async def note_arrivals(connection: asyncpg.Connection, rows: Sequence[StorableRow]) -> None:
    """Note a batch in its own transaction. Noting it again changes nothing that is read."""
    if arrivals := find_arrivals(rows):
        values = [
            (one.process, one.minute, one.numbers[-1], write_ranges(one.numbers), one.is_dead) for one in arrivals
        ]
        await connection.execute(NOTE, *map(list, zip(*values, strict=True)), timeout=NOTE_S)
    if unnumbered := find_unnumbered(rows):
        # The note of an erased click has another id by now.
        erased = await find_erased(connection, [one.click_id for one in unnumbered])
        kept = [one for one in unnumbered if one.click_id not in erased]
        ids, minutes = [one.click_id for one in kept], [one.minute for one in kept]
        await connection.execute(NOTE_UNNUMBERED, ids, minutes, timeout=NOTE_S)
