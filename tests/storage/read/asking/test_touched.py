"""A plan reads no more than it says."""

from datetime import date, timedelta

import pytest

from storage.read.asking.answer import Answer, ask
from storage.read.asking.description import describe_plan, explain_plan
from storage.read.asking.plan import MOST_PENDING
from storage.read.asking.question import Filter, Question, Range
from storage.read.asking.touched import Touched, count_touched
from tests.storage.read.asking.world import World

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


@pytest.mark.servers
async def test_a_plan_touches_no_more_rows_than_it_says(berlin: World) -> None:
    await berlin.connection.execute("ANALYZE")
    week = Range(berlin.begin.date(), berlin.begin.date() + timedelta(days=7))
    busy, quiet = (Filter("affiliate", (name,)) for name in ("busy", "quiet-a"))
    for by, where in (
        ((), ()),
        (("day",), ()),
        (("country",), ()),
        (("code",), ()),
        (("country",), (busy,)),
        (("country",), (quiet,)),
        (("device",), (Filter("country", ("DE",)),)),
        (("affiliate",), (Filter("country", ("DE",)),)),
        (("os",), (Filter("country", ("DE",)), quiet)),
    ):
        answer = await ask(
            berlin.connection, Question(range=week, by=by, where=where, measures=("people", "uniques")), berlin.now
        )
        assert isinstance(answer, Answer)
        found = await explain_plan(berlin.connection, answer.plan)

        assert found.touched.rollups + found.touched.index <= 3 * answer.plan.most_of_rollups + 100, by
        assert found.touched.clicks <= answer.plan.most_of_clicks + MOST_PENDING, by


@pytest.mark.servers
async def test_a_plan_can_be_read(berlin: World) -> None:
    asked = Range(berlin.begin.date(), date(2026, 10, 22))
    answer = await ask(berlin.connection, Question(range=asked, by=("country",)), berlin.now)
    assert isinstance(answer, Answer)
    lines = describe_plan(answer.plan)

    assert lines[0] == "counted by program and country"
    assert lines[1].startswith("click_rollups, 2026-10-20 00:00:00 to 2026-10-22 00:00:00: at most ")
    assert lines[1].endswith("whole days of programs by country")
    assert "allowed: 40,000" in lines[-1]
