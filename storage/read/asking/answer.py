"""Answer questions: look how much would be read, choose a plan, run its statement, fill the gaps of a series."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

import msgspec

from storage.read.asking.drafts import draft_plans
from storage.read.asking.periods import list_periods
from storage.read.asking.plan import (
    MOST_PENDING,
    NotKept,
    Plan,
    Refusal,
    TooLarge,
    explain_excess,
    fill_in,
)
from storage.read.asking.question import MOST_ROWS, UNITS, Question
from storage.read.asking.sources import KEYS
from storage.read.asking.sql import Statement
from storage.read.asking.state import RollupState
from storage.read.asking.statement import write_estimate, write_look, write_statement
from storage.read.queries import QUERY_S, Reader

Key = str | date | datetime
MOST_FILLED: Final = 100_000
"""A series of more groups has those alone that have clicks."""
FIRST_KEY: Final = 3
"""The columns before the keys are `pending`, `gone` and `bound`."""


class Group(msgspec.Struct, frozen=True):
    """The counts of the measures, in the order of the question, of the clicks with these keys."""

    keys: tuple[Key, ...]
    counts: tuple[int, ...]


class Answer(msgspec.Struct, frozen=True):
    """Groups, and the totals of all groups, on this page or not.

    `pending` clicks are in no rollup yet: they are in the numbers, unless `is_behind`. `gone` clicks are in no group:
    they were counted without the dimension, and their rows are not kept.
    """

    plan: Plan
    groups: tuple[Group, ...]
    totals: tuple[int, ...]
    number: int
    pending: int = 0
    gone: int = 0
    before: "Answer | Refusal | None" = None

    @property
    def is_behind(self) -> bool:
        """Whether the pending clicks are left out, because they are too many."""
        return self.pending > MOST_PENDING

    def total(self, measure: str) -> int:
        return self.totals[self.plan.question.measures.index(measure)]


async def answer_one(reader: Reader, question: Question, state: RollupState) -> Answer | Refusal:
    plan = await choose_plan(reader, question, state)
    return await run_plan(reader, plan) if isinstance(plan, Plan) else plan


async def choose_plan(reader: Reader, question: Question, state: RollupState) -> Plan | Refusal:
    """Choose the first plan that stays within the budget of rows."""
    refused: list[Plan | NotKept] = []
    for draft in draft_plans(question, state):
        plan = draft if isinstance(draft, NotKept) else fill_in(draft, await look(reader, write_look(draft)))
        if isinstance(plan, Plan) and plan.is_within_budget:
            return plan
        refused.append(plan)
    plans = [plan for plan in refused if isinstance(plan, Plan)]
    if not plans:
        return next(plan for plan in refused if isinstance(plan, NotKept))
    about = None
    if plans[-1].span.begin >= state.counted_from:
        estimate = await look(reader, write_estimate(plans[-1]))
        about = max(estimate[0], plans[-1].most_of_clicks)
    return TooLarge(about, explain_excess(plans[0]))


async def look(reader: Reader, statement: Statement | None) -> list[int]:
    """Run a statement that counts, and return its numbers."""
    return [] if statement is None else list(await fetch_row(reader, statement))


async def fetch_row(reader: Reader, statement: Statement) -> Any:
    return await reader.fetchrow(statement.text, *statement.values, timeout=QUERY_S)


async def run_plan(reader: Reader, plan: Plan, timeout_s: float = QUERY_S) -> Answer | Refusal:
    statement = write_statement(plan)
    rows = await reader.fetch(statement.text, *statement.values, timeout=timeout_s)
    answer = read_answer(plan, rows)
    if plan.is_bounded and not is_above(answer, rows[0]["bound"]):
        return TooLarge(None, "too many had clicks, and too few of them so many that the others can be left out")
    if plan.question.unit is not None and answer.number > MOST_ROWS:
        # The rows are cut off by time: what is missing would look like zeros.
        size = f"by {' and '.join(plan.question.by)} it has {answer.number:,} rows"
        return TooLarge(None, f"{size}, and {MOST_ROWS:,} can be shown")
    return answer


def is_above(answer: Answer, bound: int) -> bool:
    """Return whether a whole list was found, and nobody outside can be above its last."""
    question = answer.plan.question
    place = question.measures.index(question.sort or question.measures[0])
    counts = [group.counts[place] for group in answer.groups]
    return len(counts) == question.limit and counts[-1] >= bound


def read_answer(plan: Plan, rows: Sequence[Any]) -> Answer:
    """Read the rows of a plan's statement."""
    question, first = plan.question, rows[0]
    asked, width = len(question.by), len(question.measures)
    begin = FIRST_KEY + len(KEYS)
    groups = [
        Group(tuple(row[FIRST_KEY : FIRST_KEY + asked]), tuple(row[begin : begin + width]))
        for row in rows
        if row[FIRST_KEY] is not None
    ]
    totals = tuple(first[begin + width : begin + 2 * width]) if groups else (0,) * width
    number = first[begin + 2 * width] if groups else 0
    return Answer(plan, tuple(fill_gaps(plan, groups)), totals, number, first[0], first[1])


def fill_gaps(plan: Plan, groups: list[Group]) -> list[Group]:
    """Give a series a group for each period of its range; without a unit of time, a total when there is none."""
    question = plan.question
    none = (0,) * len(question.measures)
    if not question.by:
        return groups or [Group((), none)]
    if question.unit is None:
        return groups
    place = next(number for number, name in enumerate(question.by) if name in UNITS)
    known = {group.keys: group for group in groups}
    others = list(dict.fromkeys(group.keys[:place] + group.keys[place + 1 :] for group in groups))
    if len(question.by) == 1:
        others = [()]
    periods = list_periods(plan.span.begin, plan.span.end, question.unit, plan.state.zone)
    if len(periods) * len(others) > MOST_FILLED:
        return groups
    keys = [(*other[:place], period, *other[place:]) for period in periods for other in others]
    return [known.get(key, Group(key, none)) for key in keys]
