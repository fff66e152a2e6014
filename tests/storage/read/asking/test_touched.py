"""A plan reads no more than it says."""

from datetime import date, timedelta

import pytest

from storage.read.asking.answer import Answer
from storage.read.asking.asker import ask
from storage.read.asking.description import describe_plan, explain_plan
from storage.read.asking.drafts import draft_plans
from storage.read.asking.plan import Plan
from storage.read.asking.question import Filter, Question, Range
from storage.read.asking.state import read_state
from storage.read.asking.statement import write_look
from storage.read.asking.touched import Touched, count_touched
from tests.console.builders import open_tables
from tests.storage.read.asking.world import World, make_world

NODE = {"Relation Name": "clicks_20261124", "Node Type": "Index Only Scan", "Actual Rows": 2.5, "Actual Loops": 4}
PLAN = {
    "Plans": [
        {"Relation Name": "click_rollups", "Actual Rows": 3, "Actual Loops": 2, "Rows Removed by Filter": 1},
        {"Relation Name": "click_scores_20261124", "Actual Rows": 1, "Actual Loops": 5, "Plans": [NODE]},
        {"Relation Name": "clicks_20261124", "Node Type": "Index Scan", "Actual Rows": 7, "Actual Loops": 1},
    ]
}


def test_rows_that_were_read_count_whether_they_were_wanted_or_not() -> None:
    assert count_touched(PLAN) == Touched(rollups=8, clicks=7, index=10, verdicts=5)


WEEK = timedelta(days=7)


@pytest.mark.servers
async def test_a_plan_touches_no_more_rows_than_it_says(database_url: str) -> None:
    async with open_tables(database_url) as connection:
        world = await make_world(connection, "Europe/Berlin", copies=8)
        # Small tables are read whole, however few of their rows are wanted.
        await connection.execute("SET enable_seqscan = off")
        *of_rollups, of_rows = list_questions(world)
        for question in of_rollups:
            await check_touched(world, question)
        await connection.execute("ANALYZE")
        for question in (*of_rollups, of_rows):
            await check_touched(world, question)


def list_questions(world: World) -> list[Question]:
    week = Range(world.begin.date(), world.begin.date() + WEEK)
    busy, quiet = (Filter("affiliate", (name,)) for name in ("busy", "quiet-a"))
    german = Filter("country", ("DE",))
    return [
        Question(range=week, by=by, where=where, measures=("people", "uniques"))
        for by, where in (
            ((), ()),
            (("day",), ()),
            (("country",), ()),
            (("code",), ()),
            (("affiliate",), ()),
            (("country",), (busy,)),
            (("country",), (quiet,)),
            (("country",), (quiet, Filter("program", ("hats",)))),
            (("device",), (german,)),
            (("affiliate",), (german,)),
            (("os",), (german, quiet)),
        )
    ]


async def check_touched(world: World, question: Question) -> None:
    answer = await ask(world.connection, question, world.now)
    assert isinstance(answer, Answer)
    found = await explain_plan(world.connection, answer.plan)

    # Beside what is added up: the totals of the week's days, which say when an affiliate was quiet.
    assert found.touched.rollups + found.touched.index <= answer.plan.most_of_rollups + 30, question
    # Pending clicks are read by their batches, and again where all rows of an affiliate are read.
    assert found.touched.clicks <= answer.plan.most_of_clicks + 2 * answer.pending, question


@pytest.mark.servers
@pytest.mark.parametrize(("place", "index"), [(0, "click_rollups_top"), (1, "click_rollups_busy")])
async def test_how_much_a_list_would_read_is_counted_by_an_index_alone(berlin: World, place: int, index: str) -> None:
    question = Question(range=Range(berlin.begin.date(), (berlin.begin + WEEK).date()), by=("code",))
    drafts = draft_plans(question, await read_state(berlin.connection, berlin.now))
    plan = [draft for draft in drafts if isinstance(draft, Plan)][place]
    look = write_look(plan)
    assert look is not None
    async with berlin.connection.transaction():
        # Small tables are read in other ways.
        await berlin.connection.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        lines = await berlin.connection.fetch(f"EXPLAIN {look.text}", *look.values)

    assert any(f"Index Only Scan using {index} on" in line[0] for line in lines), lines


@pytest.mark.servers
async def test_a_plan_can_be_read(berlin: World) -> None:
    asked = Range(berlin.begin.date(), date(2026, 10, 22))
    answer = await ask(berlin.connection, Question(range=asked, by=("country",)), berlin.now)
    assert isinstance(answer, Answer)
    lines = describe_plan(answer.plan)

    assert lines[0] == "counted by program and country"
    assert lines[1].startswith("click_rollups, 2026-10-20 00:00:00 to 2026-10-22 00:00:00: at most ")
    assert lines[1].endswith("whole days of programs by country")
    assert "allowed: 50,000" in lines[-1]
