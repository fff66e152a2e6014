"""Outages and losses in words, for people of the installation and for shared pages."""

from datetime import UTC, datetime, timedelta

from console.annotations.outages import write_loss, write_missing, write_refusals, write_silence
from storage.read.asking.question import Span
from storage.read.ledger import Hole, HoleReport
from storage.read.outages import LostClicks, Refusals, Silence

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SPAN = Span(NOON, NOON + timedelta(days=1))


def test_an_outage_says_how_long_it_was_and_how_many_visits_it_refused() -> None:
    short = write_refusals(Refusals(NOON, NOON + timedelta(minutes=1), 1))
    long = write_refusals(Refusals(NOON, NOON + timedelta(hours=3), 1204))

    assert short.text == "Redis and PostgreSQL did not answer for 1 minute: 1 visit was refused"
    assert long.text == "Redis and PostgreSQL did not answer for 3.0 hours: 1,204 visits were refused"
    assert long.public == "An outage: 1,204 visits were refused"


def test_a_silence_that_began_before_the_range_stands_at_its_beginning() -> None:
    found = write_silence(Silence(NOON - timedelta(minutes=20), NOON + timedelta(minutes=20)), SPAN)

    assert (found.at, found.text) == (NOON, "No click was made for 40 minutes: an outage, or nobody came")


def test_why_clicks_are_lost_is_for_people_of_the_installation() -> None:
    found = write_loss(LostClicks(NOON, 12, "Bob tripped over the cable"))

    assert found.text == "12 clicks were lost: Bob tripped over the cable"
    assert found.public == "12 clicks were lost"


def test_clicks_that_are_missing_now_are_told_beside_the_first_of_them_and_not_to_strangers() -> None:
    holes = [
        Hole(minute=NOON + timedelta(minutes=minutes), process="p", since=None, first=1, last=1)
        for minutes in (7, 3, -3)
    ]
    (found,) = write_missing(HoleReport(3, holes, NOON, NOON), SPAN)

    assert (found.at, found.text) == (
        NOON + timedelta(minutes=3),
        "3 clicks are missing: the ledger does not add up",
    )
    assert found.public == ""
    assert [*write_missing(None, SPAN), *write_missing(HoleReport(0, [], NOON, NOON), SPAN)] == []
