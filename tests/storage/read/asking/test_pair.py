"""Two ranges beside each other: what is listed is compared, and no range is cut for another that is not kept."""

from datetime import date, timedelta

import pytest
from msgspec import structs

from storage.read.asking.answer import Answer, answer_one
from storage.read.asking.asker import ask
from storage.read.asking.pair import answer_pair
from storage.read.asking.periods import DAY
from storage.read.asking.plan import NotKept
from storage.read.asking.question import Question, Range
from storage.read.asking.state import read_state
from tests.storage.read.asking.reference import count
from tests.storage.read.asking.world import DAYS, World

pytestmark = pytest.mark.servers


@pytest.mark.parametrize("by", ["affiliate", "code"])
async def test_what_is_listed_is_compared_whatever_its_rank_in_the_other_range(berlin: World, by: str) -> None:
    begin, middle, end = ((berlin.begin + timedelta(days=days)).date() for days in (0, DAYS // 2, DAYS))
    other = Question(range=Range(begin, middle), measures=("people", "bots"), by=(by,), limit=10_000)
    asked = structs.replace(other, range=Range(middle, end), compare=other.range, limit=3)
    answer = await ask(berlin.connection, asked, berlin.now)

    assert isinstance(answer, Answer)
    assert isinstance(answer.before, Answer)
    expected = count(berlin.clicks, other, berlin.zone)
    found = {group.keys: group.counts for group in answer.before.groups}
    assert len(answer.groups) == 3
    assert found == {group.keys: expected[group.keys] for group in answer.groups if group.keys in expected}
    assert answer.before.totals == tuple(map(sum, zip(*expected.values(), strict=True)))


async def test_a_running_range_that_nothing_is_kept_to_compare_with_is_not_cut_for_it(berlin: World) -> None:
    clicked = next(click["clicked_at"] for click in berlin.clicks if click["clicked_at"].minute > 5)
    state = await read_state(berlin.connection, berlin.now)
    state = structs.replace(state, kept_from=berlin.begin, now=clicked + timedelta(minutes=1))
    # It needs the clicks themselves, of which this one is of the hour that is not over.
    asked = Question(range=Range(berlin.begin, berlin.now + DAY), by=("affiliate", "code"), limit=10_000)
    until_now = structs.replace(asked, range=Range(berlin.begin, state.now.replace(second=0, microsecond=0)))
    alone = await answer_one(berlin.connection, until_now, state)
    asked = structs.replace(asked, compare=Range(date(2020, 1, 1), date(2020, 1, 3)))
    beside = await answer_pair(berlin.connection, asked, state)

    assert isinstance(alone, Answer)
    assert isinstance(beside, Answer)
    assert (beside.groups, beside.totals) == (alone.groups, alone.totals)
    assert isinstance(beside.before, NotKept), beside.before
