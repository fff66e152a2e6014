"""All answers of a page are about the tables as they are at one moment."""

import asyncpg
import pytest

from storage.read.asking.answer import Answer
from storage.read.asking.asker import ask, open_asker
from storage.read.asking.question import Problem, Question, Range
from tests.console.builders import open_tables
from tests.storage.read.asking.world import make_world

pytestmark = pytest.mark.servers


async def test_what_is_written_meanwhile_is_in_the_next_page_and_not_in_this_one(database_url: str) -> None:
    async with open_tables(database_url) as connection:
        world = await make_world(connection, "Europe/Berlin", count=100)
        question = Question(range=Range(world.begin, world.now))
        reading = await asyncpg.connect(database_url)
        async with open_asker(reading, world.now) as asker:
            first = await asker.ask(question)
            await connection.execute("UPDATE click_rollups SET people = people + 1 WHERE kind = 'p'")
            await connection.execute("UPDATE click_minutes SET people = people + 1")
            second = await asker.ask(question)
        next_one = await ask(reading, question, world.now)
        await reading.close()

    assert isinstance(first, Answer)
    assert isinstance(second, Answer)
    assert isinstance(next_one, Answer)
    assert first.totals == second.totals < next_one.totals


async def test_a_question_that_makes_no_sense_is_refused_and_the_next_one_answered(database_url: str) -> None:
    async with open_tables(database_url) as connection:
        world = await make_world(connection, "Europe/Berlin", count=10)
        async with open_asker(connection, world.now) as asker:
            backwards = await asker.ask(Question(range=Range(world.now, world.begin)))
            answer = await asker.ask(Question(range=Range(world.begin, world.now)))

    assert isinstance(backwards, Problem)
    assert isinstance(answer, Answer)
