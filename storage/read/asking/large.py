"""Questions that read too much for a page: counted as a job, for minutes if need be, and remembered for a while."""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

from storage.read.asking.answer import Answer, run_plan
from storage.read.asking.drafts import draft_plans
from storage.read.asking.plan import NotKept, Plan, Refusal
from storage.read.asking.question import Question, check_question
from storage.read.asking.state import read_newest, read_state
from storage.read.queries import Connection, time_limit

LARGE_S: Final = 300.0
REMEMBERED: Final = 64
FRESH: Final = timedelta(minutes=5)
"""Even if no click is stored, verdicts may change."""

AnswerKey = tuple[Question, str, tuple[int | None, ...]]


class LargeAnswers:
    """Answers of any size. An answer is given again for a while, if no click was stored since."""

    def __init__(self) -> None:
        self._answers: OrderedDict[AnswerKey, Answer] = OrderedDict()

    async def ask(self, connection: Connection, question: Question, now: datetime) -> Answer | Refusal:
        """Answer a question, however many rows it reads; its comparison is not made. Raises asyncpg's errors."""
        async with time_limit(connection, LARGE_S):
            state = await read_state(connection, now)
            if problem := check_question(question, state.zone):
                return problem
            key = (question, state.zone_name, await read_newest(connection))
            known = self._answers.get(key)
            if known is not None and now - known.plan.state.now < FRESH:
                return known
            plan = choose_any(draft_plans(question, state))
            answer = plan if isinstance(plan, NotKept) else await run_plan(connection, plan, LARGE_S)
        if isinstance(answer, Answer):
            self._answers[key] = answer
            if len(self._answers) > REMEMBERED:
                self._answers.popitem(last=False)
        return answer


async def ask_anyway(connection: Connection, question: Question, now: datetime, timeout_s: float) -> Answer | Refusal:
    """Answer a question, however many rows it reads; its comparison is not made. Raises asyncpg's errors."""
    async with time_limit(connection, timeout_s):
        state = await read_state(connection, now)
        if problem := check_question(question, state.zone):
            return problem
        plan = choose_any(draft_plans(question, state))
        return plan if isinstance(plan, NotKept) else await run_plan(connection, plan, timeout_s)


def choose_any(drafts: list[Plan | NotKept]) -> Plan | NotKept:
    """Choose the first plan that is sure to give an exact answer."""
    return next((draft for draft in drafts if isinstance(draft, Plan) and is_sure(draft)), drafts[0])


def is_sure(plan: Plan) -> bool:
    """Tell whether a plan gives an exact answer, and reads no clicks that are only taken away: they may be many."""
    return not plan.is_bounded and all(source.kind not in ("hidden", "after") for source in plan.sources)
