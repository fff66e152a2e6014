"""The numbers of a batch: of clicks, and of dead letters whose bytes may be broken."""

from datetime import UTC, datetime, timedelta

import msgspec

from schemas import RawClick, decode, encode
from sink.pipeline import build_row
from storage.ledger.arrivals import Arrival, Unnumbered, find_arrivals, find_unnumbered, write_ranges
from storage.tables import StorableRow
from tests.schemas.test_codec import read_example
from tests.sink.builders import NOW, click, clicked, dead_lettered, rejected

MINUTE = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
PROCESS = "01KAT2Z0QG4N5J8T6M7R9V1W3X"


def rows_of(*sources: object) -> list[StorableRow]:
    outcomes = [build_row(source, "", NOW) for source in sources]  # type: ignore[arg-type]
    return [one for one in outcomes if isinstance(one, StorableRow)]


def numbered(number: int, at: datetime = MINUTE, **changes: object) -> object:
    one = click(number, at, **changes)
    return clicked(
        msgspec.structs.replace(one, handled=msgspec.structs.replace(one.handled, process=PROCESS, sequence=number))
    )[0]


def test_numbers_are_grouped_by_process_and_minute() -> None:
    later = MINUTE + timedelta(minutes=1, seconds=3)
    rows = rows_of(numbered(2), numbered(1), numbered(3, later), rejected())
    assert find_arrivals(rows) == [
        Arrival(PROCESS, MINUTE, (1, 2), is_dead=False),
        Arrival(PROCESS, later.replace(second=0), (3,), is_dead=False),
    ]


def test_tests_and_prefetches_are_numbered_like_any_click() -> None:
    rows = rows_of(numbered(1, is_test=True), numbered(2, prefetch=True))
    assert find_arrivals(rows) == [Arrival(PROCESS, MINUTE, (1, 2), is_dead=False)]


def test_a_dead_letter_keeps_the_number_of_its_click_even_if_its_bytes_are_cut() -> None:
    raw = decode(RawClick, read_example("clicks.raw/good/full.json"))
    assert isinstance(raw, RawClick)
    handled = msgspec.structs.replace(raw.handled, process=PROCESS, sequence=7)
    value = encode(msgspec.structs.replace(raw, handled=handled))
    letter = dead_lettered(topic="eu.clicks.raw", key=b"-", value=value[:-9], failed_at=MINUTE + timedelta(seconds=9))
    assert find_arrivals(rows_of(letter)) == [Arrival(PROCESS, MINUTE, (7,), is_dead=True)]


def test_a_number_inside_of_a_text_is_not_read() -> None:
    spoofed = b'{"user_agent":"\\"process\\":\\"01KAT2Z0QG4N5J8T6M7R9V1W3X\\",\\"sequence\\":9","x'
    letter = dead_lettered(topic="clicks.raw", key=b"no id", value=spoofed, failed_at=MINUTE)
    assert (find_arrivals(rows_of(letter)), find_unnumbered(rows_of(letter))) == ([], [])


def test_a_letter_without_a_number_is_counted_by_the_id_in_its_key() -> None:
    key = click(5, MINUTE).click_id
    letter = dead_lettered(topic="clicks.raw", key=key.encode(), value=b"\xff", failed_at=MINUTE + timedelta(hours=1))
    assert find_unnumbered(rows_of(letter)) == [Unnumbered(key, MINUTE)]


def test_ranges_are_written_as_postgresql_reads_them() -> None:
    assert write_ranges([1, 2, 3, 7, 9, 10]) == "{[1,4),[7,8),[9,11)}"
