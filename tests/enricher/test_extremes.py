"""What a stranger can write into a record, the oddest values that the contract's types allow, through the enricher."""

from datetime import datetime

import pytest

from schemas import CLICKS_RAW, DeadLetter, EnrichedClick, decode, encode
from tests.enricher.builders import CLICKED_AT, NOW, Record, lookups, process, raw_click
from tests.schemas.extremes import STAMPS, TIMES, extremes_of


def test_every_value_of_every_field_gives_a_click_or_a_letter_that_the_next_can_read() -> None:
    values = list(extremes_of(CLICKS_RAW))
    outcomes = [process(Record(value), lookups=lookups(), now=NOW) for value in values]

    assert [decode(type(outcome), encode(outcome)) for outcome in outcomes] == outcomes
    assert {type(outcome) for outcome in outcomes} == {EnrichedClick, DeadLetter}


@pytest.mark.parametrize("clicked_at", [*TIMES, CLICKED_AT])
def test_a_time_that_cannot_be_a_clicks_makes_a_letter(clicked_at: datetime) -> None:
    record = Record(encode(raw_click(clicked_at=clicked_at)), int(NOW.timestamp() * 1000))

    outcome = process(record, lookups=lookups(), now=NOW)

    assert isinstance(outcome, EnrichedClick) == (clicked_at in {NOW, CLICKED_AT})


@pytest.mark.parametrize("timestamp", STAMPS)
def test_the_time_of_a_record_itself_may_be_anything(timestamp: int) -> None:
    outcome = process(Record(encode(raw_click()), timestamp), lookups=lookups(), now=NOW)

    assert isinstance(outcome, EnrichedClick) == (timestamp == int(NOW.timestamp() * 1000))
