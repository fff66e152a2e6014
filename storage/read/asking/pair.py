"""Answer a question for two ranges: its own, and the one to compare with."""

from collections.abc import AsyncIterator

import msgspec

from storage.read.asking.answer import Answer, answer_one
from storage.read.asking.comparison import add_up, limit_to, list_comparisons
from storage.read.asking.drafts import is_kept
from storage.read.asking.plan import NotKept, Refusal
from storage.read.asking.question import Question
from storage.read.asking.state import RollupState
from storage.read.queries import Reader

Totals = Answer | Refusal


async def answer_pair(reader: Reader, question: Question, state: RollupState) -> Answer | Refusal:
    """Answer a question for its range and for the one to compare with."""
    answer: Answer | Refusal = NotKept("there is no range to compare with")
    async for one, other, totals in find_comparable(reader, question, state):
        answer = await answer_one(reader, one, state)
        if not isinstance(answer, Answer):
            continue
        answer = msgspec.structs.replace(answer, before=await answer_before(reader, answer, other, totals, state))
        if isinstance(answer.before, Answer):
            break
    return answer


async def find_comparable(
    reader: Reader, question: Question, state: RollupState
) -> AsyncIterator[tuple[Question, Question, Totals]]:
    """Find the pairs whose other range has totals, else the first: for no other is the range cut, or read again."""
    first: tuple[Question, Question, Totals] | None = None
    is_found = False
    for one, other in list_comparisons(question, state.now, state.zone):
        totals = await answer_one(reader, add_up(other), state)
        first = first or (one, other, totals)
        if isinstance(totals, Answer) and is_kept(other, state):
            is_found = True
            yield one, other, totals
    if first is not None and not is_found:
        yield first


async def answer_before(
    reader: Reader, answer: Answer, other: Question, totals: Totals, state: RollupState
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
