"""Counts that read too much for a page: one at a time, so that they leave connections for everybody else."""

import asyncio

import msgspec

from console.database import Database
from console.view.ranges import Today
from storage.read.asking.answer import Answer
from storage.read.asking.comparison import list_comparisons
from storage.read.asking.large import LargeAnswers
from storage.read.asking.plan import Refusal
from storage.read.asking.question import Question


class LargeCounts:
    """Answers questions of any size, one after the other, and remembers the answers for a while."""

    def __init__(self) -> None:
        self._answers = LargeAnswers()
        self._turn = asyncio.Lock()

    async def ask(self, database: Database, question: Question, today: Today) -> Answer | Refusal:
        """Answer a question, also for the range that it compares with. Raises DatabaseAway."""
        if question.compare is None:
            return await self._ask(database, question, today)
        one, other = next(list_comparisons(question, today.now, today.zone))
        answer = await self._ask(database, one, today)
        if not isinstance(answer, Answer):
            return answer
        return msgspec.structs.replace(answer, before=await self._ask(database, other, today))

    async def _ask(self, database: Database, question: Question, today: Today) -> Answer | Refusal:
        async with self._turn:
            return await database.read(lambda connection: self._answers.ask(connection, question, today.now))
