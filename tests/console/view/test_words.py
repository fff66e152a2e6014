"""Words for fields, values and dates."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from console.view.filters import FIELDS
from console.view.words import DASH, FIELD_TITLES, describe_dates, name_value
from storage.read.asking.question import Range
from storage.rollups.dimensions import OTHER

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("begin", "end", "words"),
    [
        (date(2026, 11, 29), date(2026, 11, 30), "Sun, 29 Nov 2026"),
        (date(2026, 11, 23), date(2026, 11, 30), "23 - 29 Nov 2026"),
        (date(2026, 10, 28), date(2026, 11, 4), "28 Oct - 3 Nov 2026"),
        (date(2025, 12, 28), date(2026, 1, 4), "28 Dec 2025 - 3 Jan 2026"),
        (date(2026, 11, 1), date(2026, 12, 1), "November 2026"),
        (date(2025, 12, 1), date(2026, 12, 1), "Dec 2025 - Nov 2026"),
        (date(2026, 10, 1), date(2026, 12, 1), "Oct - Nov 2026"),
        (date(2026, 1, 1), date(2027, 1, 1), "2026"),
        (date(2024, 1, 1), date(2027, 1, 1), "2024 - 2026"),
        (
            datetime(2026, 11, 1, 9, 30, tzinfo=UTC),
            datetime(2026, 11, 1, 9, 45, tzinfo=UTC),
            "1 Nov 2026, 10:30 - 10:45",
        ),
        (
            datetime(2026, 11, 1, 9, tzinfo=UTC),
            datetime(2026, 11, 2, 9, tzinfo=UTC),
            "1 Nov 2026, 10:00 - 2 Nov 2026, 10:00",
        ),
    ],
)
def test_dates_are_written_out_and_share_what_they_have_in_common(begin: date, end: date, words: str) -> None:
    assert describe_dates(Range(begin, end), BERLIN) == words.replace(" - ", f" {DASH} ")


def test_every_field_has_a_title() -> None:
    assert set(FIELD_TITLES) == set(FIELDS)


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("country", "", "(unknown)"),
        ("referrer_host", OTHER, "(other)"),
        ("bot_reason", "no_user_agent", "no user agent"),
        ("code", "no_user_agent", "no_user_agent"),
        ("ivt_class", "sivt", "SIVT"),
        ("ivt_class", "", "(neither)"),
    ],
)
def test_values_are_shown_as_people_read_them(field: str, value: str, shown: str) -> None:
    assert name_value(field, value) == shown
