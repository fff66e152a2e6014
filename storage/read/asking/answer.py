"""Answer questions: look how much would be read, choose a plan, run its statement, fill the gaps of a series."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

import msgspec

from storage.read.asking.comparison import add_up, limit_to, list_comparisons
from storage.read.asking.drafts import draft_plans, is_kept
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
from storage.read.asking.question import UNITS, Question, check_question
from storage.read.asking.sources import KEYS
from storage.read.asking.sql import Statement
from storage.read.asking.state import RollupState, read_state
from storage.read.asking.statement import write_estimate, write_look, write_statement
from storage.read.queries import QUERY_S, Connection, Reader, time_limit

Key = str | date | datetime
MOST_FILLED: Final = 100_000
"""A series of more groups has those alone that have clicks."""
FIRST_KEY: Final = 3
"""The columns before the keys are `pending`, `gone` and `bound`."""
BY_INDEX: Final = "SET LOCAL enable_seqscan = off"
"""Where rows are counted up to a limit, PostgreSQL would rather read a table from its start, hoping to find them soon.

Of ten million clicks it read all counts for that: 10 million rows instead of 40,000.
"""


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


async def ask(connection: Connection, question: Question, now: datetime) -> Answer | Refusal:
    """Answer a question, or say why it is not answered. Raises asyncpg's errors."""
    async with time_limit(connection, QUERY_S):
        await connection.execute(BY_INDEX)
        state = await read_state(connection, now)
        if problem := check_question(question, state.zone):
            return problem
        return await (answer_one if question.compare is None else answer_pair)(connection, question, state)


async def answer_one(reader: Reader, question: Question, state: RollupState) -> Answer | Refusal:
    plan = await choose_plan(reader, question, state)
    return await run_plan(reader, plan) if isinstance(plan, Plan) else plan


async def answer_pair(reader: Reader, question: Question, state: RollupState) -> Answer | Refusal:
    """Answer a question for its range and for the one to compare with."""
    answer: Answer | Refusal = NotKept("there is no range to compare with")
    for one, other, totals in await find_comparable(reader, question, state):
        answer = await answer_one(reader, one, state)
        if not isinstance(answer, Answer):
            continue
        answer = msgspec.structs.replace(answer, before=await answer_before(reader, answer, other, totals, state))
        if isinstance(answer.before, Answer):
            break
    return answer


async def find_comparable(
    reader: Reader, question: Question, state: RollupState
) -> list[tuple[Question, Question, Answer | Refusal]]:
    """Find the pairs whose other range has totals, else the first: for no other is the range cut, or read again."""
    pairs = list_comparisons(question, state.now, state.zone)
    found = [(one, other, await answer_one(reader, add_up(other), state)) for one, other in pairs]
    return [pair for pair in found if isinstance(pair[2], Answer) and is_kept(pair[1], state)] or found[:1]


async def answer_before(
    reader: Reader, answer: Answer, other: Question, totals: Answer | Refusal, state: RollupState
) -> Answer | Refusal:
    """Answer a question for the other range: of affiliates or codes only for those that `answer` lists, where possible.

    So each of them is compared, and a list of thousands is not ranked twice. The totals are those of all.
    """
    if not other.by:
        return totals
    if (listed := limit_to(other, [group.keys for group in answer.groups])) is not None:
        before = await answer_one(reader, listed, state)
        if isinstance(before, Answer) and isinstance(totals, Answer):
            return msgspec.structs.replace(before, totals=totals.totals)
    return await answer_one(reader, other, state)


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
