"""What is too large for a page is counted whole, once, and remembered until a click is stored."""

from datetime import timedelta

import pytest
from msgspec import structs

from storage.read.asking.answer import Answer
from storage.read.asking.asker import ask
from storage.read.asking.large import LargeAnswers
from storage.read.asking.plan import TooLarge
from storage.read.asking.question import Filter, Problem, Question, Range
from tests.console.builders import open_tables
from tests.storage.read.asking.reference import count
from tests.storage.read.asking.world import make_world

pytestmark = pytest.mark.servers


async def test_what_reads_too_much_is_refused_and_as_a_job_counted_as_exactly_and_remembered(database_url: str) -> None:
    async with open_tables(database_url) as connection:
        world = await make_world(connection, "Europe/Berlin", count=8200)
        where = (Filter("country", ("DE",)), Filter("device", ("mobile",)), Filter("os", ("iOS",)))
        days = Range(world.begin.date(), world.begin.date() + timedelta(days=20))
        question = Question(range=days, measures=("people", "net"), where=where)
        refused = await ask(connection, question, world.now)
        of_few = structs.replace(question, where=(*where, Filter("affiliate", ("quiet-b",))))
        assert isinstance(await ask(connection, of_few, world.now), Answer)
        answers = LargeAnswers()
        answer = await answers.ask(connection, question, world.now)
        again = await answers.ask(connection, question, world.now)
        recounted = []
        # The second one had begun before the first, in another sink, and is stored after it.
        for batch in (99, 98):
            await connection.execute(
                "INSERT INTO rollup_batches (batch_id, clicks, first_at, last_at, rolled_at) OVERRIDING SYSTEM VALUE"
                " VALUES ($1, 1, now(), now(), now())",
                batch,
            )
            recounted.append(await answers.ask(connection, question, world.now))

    assert isinstance(refused, TooLarge)
    assert refused.about is not None
    assert 8000 < refused.about <= 8200
    assert isinstance(answer, Answer)
    assert {(): answer.totals} == count(list(world.clicks), question, world.zone)
    assert again is answer
    assert len({id(one) for one in (answer, *recounted)}) == 3
    for one in recounted:
        assert isinstance(one, Answer)
        assert one.totals == answer.totals


async def test_a_bad_question_is_a_problem_of_large_answers_too(database_url: str) -> None:
    async with open_tables(database_url) as connection:
        world = await make_world(connection, "Europe/Berlin", count=1)
        question = Question(range=Range(world.now, world.now))

        assert isinstance(await LargeAnswers().ask(connection, question, world.now), Problem)
