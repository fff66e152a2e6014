"""What a stranger can write into a record, the oddest values that the contract's types allow, through the sink."""

from datetime import datetime, timedelta

import msgspec
import pytest

from schemas import CLICKS_DEAD, CLICKS_ENRICHED, CLICKS_REJECTED, DeadLetter, Topic, decode, encode
from sink.pipeline import Outcome, build_row
from storage.tables import StorableRow
from tests.schemas.extremes import NOW, STAMPS, TIMES, extremes_of
from tests.sink.builders import Source, click, clicked
from tests.storage.test_writer import make_writer, prepare

READ = (CLICKS_ENRICHED, CLICKS_REJECTED, CLICKS_DEAD)


def name(topic: Topic) -> str:
    return topic.name


def outcomes_of(topic: Topic) -> list[Outcome]:
    values = enumerate(extremes_of(topic))
    return [build_row(Source(topic.name, value, offset), "", NOW) for offset, value in values]


@pytest.mark.parametrize("topic", READ, ids=name)
def test_every_value_of_every_field_gives_a_row_or_a_letter_that_the_next_can_read(topic: Topic) -> None:
    outcomes = outcomes_of(topic)
    letters = [outcome for outcome in outcomes if isinstance(outcome, DeadLetter)]

    assert any(isinstance(outcome, StorableRow) for outcome in outcomes)
    assert [decode(DeadLetter, encode(letter)) for letter in letters] == letters


@pytest.mark.parametrize("timestamp", STAMPS)
@pytest.mark.parametrize("topic", READ, ids=name)
def test_the_time_of_a_record_itself_may_be_anything(topic: Topic, timestamp: int) -> None:
    value = next(extremes_of(topic))

    assert isinstance(build_row(Source(topic.name, value, timestamp=timestamp), "", NOW), StorableRow | DeadLetter)


@pytest.mark.parametrize("published_at", TIMES)
@pytest.mark.parametrize("clicked_at", TIMES)
def test_a_time_that_cannot_be_a_clicks_makes_a_letter(clicked_at: datetime, published_at: datetime) -> None:
    strained = msgspec.structs.replace(click(), clicked_at=clicked_at, published_at=published_at)

    outcome = build_row(clicked(strained)[0], "", NOW)

    plausible = {(NOW, NOW), (TIMES[5], TIMES[5])}
    assert isinstance(outcome, StorableRow) == ((clicked_at, published_at) in plausible)


def test_a_click_that_came_to_kafka_after_it_was_read_from_there_is_dead_lettered() -> None:
    outcome = build_row(clicked(click(clicked_at=NOW + timedelta(days=3)))[0], "", NOW)

    assert isinstance(outcome, DeadLetter)
    assert outcome.reason == "implausible_time"


@pytest.mark.servers
async def test_what_comes_to_the_tables_is_stored_or_comes_back_alone(database_url: str) -> None:
    await prepare(database_url)
    writer = make_writer(database_url)
    rows = [outcome for topic in READ for outcome in outcomes_of(topic) if isinstance(outcome, StorableRow)]

    bad = [one.row for one in await writer.write(rows)]
    good = [row for row in rows if not any(row is one for one in bad)]

    assert await writer.write(good) == []
    assert bad
    assert len(good) > len(bad)
    await writer.close()
