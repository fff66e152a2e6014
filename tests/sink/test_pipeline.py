"""Records to rows or dead letters."""

from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest

from schemas import CLICKS_DEAD, CLICKS_ENRICHED, DeadLetter
from sink.pipeline import build_row
from storage.tables import CLICKS, DEAD_LETTERS, REJECTED_CLICKS, StorableRow
from tests.schemas.test_codec import EXAMPLES
from tests.sink.builders import NOW, Source, click, clicked, dead_lettered, rejected


def test_each_record_goes_to_the_table_of_its_topic() -> None:
    outcomes = [build_row(record, "", NOW) for record in (*clicked(click()), rejected(), dead_lettered())]

    assert [outcome.table for outcome in outcomes if isinstance(outcome, StorableRow)] == [
        CLICKS,
        REJECTED_CLICKS,
        DEAD_LETTERS,
    ]


def test_a_click_belongs_to_the_utc_day_of_its_time() -> None:
    (record,) = clicked(click(clicked_at=NOW.replace(hour=23, minute=59)))
    loaded = build_row(record, "", NOW)

    assert isinstance(loaded, StorableRow)
    assert loaded.day == date(2026, 11, 24)


@pytest.mark.parametrize(
    "path", sorted((EXAMPLES / "clicks.enriched" / "bad").glob("*.json")), ids=lambda path: path.stem
)
def test_a_bad_example_is_dead_lettered_with_its_bytes(path: Path) -> None:
    letter = build_row(Source(CLICKS_ENRICHED.name, path.read_bytes(), offset=7), "", NOW)

    assert isinstance(letter, DeadLetter)
    assert (letter.value, letter.offset, letter.stage) == (path.read_bytes(), 7, "sink")


def test_a_lone_surrogate_is_dead_lettered_as_no_json() -> None:
    value = clicked(click())[0].value.replace(b'"newsletter"', b'"\\ud800"')
    letter = build_row(Source(CLICKS_ENRICHED.name, value), "", NOW)

    assert isinstance(letter, DeadLetter)
    assert (letter.reason, letter.value) == ("not_json", value)


def test_a_click_from_the_far_future_is_dead_lettered() -> None:
    early = msgspec.structs.replace(click(clicked_at=NOW + timedelta(days=2)), published_at=NOW)
    (record,) = clicked(early)
    letter = build_row(record, "", NOW)

    assert isinstance(letter, DeadLetter)
    assert letter.reason == "implausible_time"


def test_what_cannot_be_read_in_the_dead_letter_topic_becomes_a_letter_about_itself() -> None:
    letter = build_row(Source(CLICKS_DEAD.name, b"\0not json", offset=3), "", NOW)

    assert isinstance(letter, DeadLetter)
    assert (letter.topic, letter.offset, letter.value, letter.reason) == ("clicks.dead", 3, b"\0not json", "not_json")


def test_a_topic_that_is_not_ours_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="does not read other"):
        build_row(Source("other", b""), "", NOW)
