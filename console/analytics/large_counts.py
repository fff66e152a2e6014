"""Counts that read too much for a page: one at a time, so that they leave connections for everybody else."""

import asyncio
from datetime import datetime

from console.database import Database
from storage.read.asking.answer import Answer
from storage.read.asking.large import LargeAnswers
from storage.read.asking.plan import Refusal
from storage.read.asking.question import Question


class LargeCounts:
    """Answers questions of any size, one after the other, and remembers the answers for a while."""

    def __init__(self) -> None:
        self._answers = LargeAnswers()
        self._turn = asyncio.Lock()

    async def ask(self, database: Database, question: Question, now: datetime) -> Answer | Refusal:
        """Answer a question; its comparison is not made. Raises DatabaseAway."""
        async with self._turn:
            return await database.read(lambda connection: self._answers.ask(connection, question, now))
