"""The lines of a report's CSV: times in UTC, cells that no spreadsheet runs, and a name that every disk takes."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from multidict import MultiDict

from console.reports.csv_file import CsvReport, make_safe, name_file, write_csv
from console.reports.request import read_request
from console.view.ranges import Today
from storage.read.asking.answer import Group
from storage.read.asking.question import Span

BERLIN = ZoneInfo("Europe/Berlin")
TODAY = Today(datetime(2026, 11, 29, 3, 20, tzinfo=UTC), BERLIN, date(2026, 3, 5))
SPAN = Span(datetime(2026, 11, 15, 23, tzinfo=UTC), datetime(2026, 11, 22, 23, tzinfo=UTC))
MEASURES = ("people", "bots", "gross")


def write(query: str, *groups: Group, before: dict | None = None, span: Span = SPAN) -> list[str]:
    asked, _ = read_request(MultiDict(pair.split("=") for pair in query.split("&")))
    return b"".join(write_csv(CsvReport(asked, TODAY, span, MEASURES, groups, before))).decode().splitlines()


def test_each_group_is_a_line_with_the_times_of_the_report_in_utc() -> None:
    lines = write("by=affiliate&columns=people,bot_rate", Group(("ann",), (9, 1, 10)), Group(("",), (0, 0, 0)))

    assert lines == [
        "affiliate,people,bot_rate,from_utc,until_utc,reporting_zone",
        "ann,9,0.1,2026-11-15T23:00:00Z,2026-11-22T23:00:00Z,Europe/Berlin",
        "(unknown),0,,2026-11-15T23:00:00Z,2026-11-22T23:00:00Z,Europe/Berlin",
    ]


def test_a_group_of_time_has_its_own_times() -> None:
    day, hour = Group((date(2026, 10, 25),), (1, 0, 1)), Group((datetime(2026, 10, 25, 0, tzinfo=UTC),), (1, 0, 1))

    assert write("by=day&columns=people", day) == [
        "day (Europe/Berlin),people,from_utc,until_utc,reporting_zone",
        "2026-10-25,1,2026-10-24T22:00:00Z,2026-10-25T23:00:00Z,Europe/Berlin",
    ]
    assert write("by=hour&columns=people", hour)[1] == (
        "2026-10-25T02:00:00+02:00,1,2026-10-25T00:00:00Z,2026-10-25T01:00:00Z,Europe/Berlin"
    )


def test_a_group_of_time_that_the_range_cuts_has_the_times_that_are_counted() -> None:
    weeks = Span(datetime(2026, 10, 18, 22, tzinfo=UTC), datetime(2026, 11, 15, 23, tzinfo=UTC))
    hours = Span(datetime(2026, 11, 28, 4, tzinfo=UTC), datetime(2026, 11, 29, 4, tzinfo=UTC))

    assert write("by=month&columns=people", Group((date(2026, 10, 1),), (1, 0, 1)), span=weeks)[1] == (
        "2026-10-01,1,2026-10-18T22:00:00Z,2026-10-31T23:00:00Z,Europe/Berlin"
    )
    assert write("by=day&columns=people", Group((date(2026, 11, 28),), (1, 0, 1)), span=hours)[1] == (
        "2026-11-28,1,2026-11-28T04:00:00Z,2026-11-28T23:00:00Z,Europe/Berlin"
    )


def test_a_comparison_has_what_was_before_and_the_change() -> None:
    known = {("ann",): (6, 1, 8)}
    groups = (Group(("ann",), (9, 1, 10)), Group(("bob",), (4, 0, 4)))
    lines = write("by=affiliate&columns=people,bot_rate", *groups, before=known)

    assert lines[0].startswith(
        "affiliate,people,people_before,people_change_percent,bot_rate,bot_rate_before,bot_rate_"
    )
    assert lines[1].startswith("ann,9,6,50.0,0.1,0.125,-2.5,")
    assert lines[2].startswith("bob,4,0,,0.0,,,")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_what_a_spreadsheet_would_run_is_a_text(text: str) -> None:
    assert make_safe(text) == f"'{text}"
    assert make_safe(f"a{text}") == f"a{text}"


def test_a_value_with_quotes_commas_and_lines_stays_one_cell() -> None:
    assert write("by=code&columns=people", Group(('a",\nb',), (1, 0, 1)))[1:3] == [
        '"a"",',
        'b",1,2026-11-15T23:00:00Z,' + "2026-11-22T23:00:00Z,Europe/Berlin",
    ]


def test_the_file_has_a_name_for_every_disk() -> None:
    asked, _ = read_request(
        MultiDict({"by": "code", "range": "last_week", "f.code": "not:../../etc,\u202e", "f.os": "is:"})
    )

    assert name_file(asked, TODAY) == "clickrail_code_2026-11-16_to_2026-11-22_code-not-..-..-etc+-_os-unknown.csv"
    assert len(name_file(read_request(MultiDict({"f.code": "is:" + "x" * 250}))[0], TODAY)) <= 154
