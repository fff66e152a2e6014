"""Ask questions: one alone, or all of a page about the tables as they are at one moment."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from storage.read.asking.answer import Answer, answer_one
from storage.read.asking.pair import Totals, answer_pair, find_comparable
from storage.read.asking.plan import Refusal
from storage.read.asking.question import Question, check_question
from storage.read.asking.state import RollupState, read_state
from storage.read.queries import QUERY_S, Connection, Reader, time_limit

FOR_QUESTIONS: Final = "SET LOCAL enable_seqscan = off; SET LOCAL work_mem = '16MB'"
"""Where rows are counted up to a limit, PostgreSQL would rather read a table from its start, hoping to find them soon.

Of ten million clicks it read all counts for that: 10 million rows instead of 40,000. And it expects many times the
groups that there are, which with its 4 MB it sorts on the disk; the rows that are allowed take less than 16 MB.
"""


Comparable = tuple[Question, Question | None, Totals | None]


class Asker:
    """Answers questions about the tables as they are at one moment, so that all answers agree with each other."""

    def __init__(self, reader: Reader, state: RollupState) -> None:
        self.reader = reader
        self.state = state

    async def ask(self, question: Question) -> Answer | Refusal:
        """Answer a question, or say why it is not answered. Raises asyncpg's errors."""
        if problem := check_question(question, self.state.zone):
            return problem
        return await (answer_one if question.compare is None else answer_pair)(self.reader, question, self.state)

    async def find_comparable(self, question: Question) -> AsyncIterator[Comparable]:
        """Give the question for each range that it may be asked for, that of the other range, and its totals.

        Without a comparison, or where it makes no sense, it is the question alone. Raises asyncpg's errors.
        """
        if question.compare is None or check_question(question, self.state.zone):
            yield question, None, None
            return
        async for comparable in find_comparable(self.reader, question, self.state):
            yield comparable


@asynccontextmanager
async def open_asker(connection: Connection, now: datetime) -> AsyncIterator[Asker]:
    """Look at the tables as they are now, until the end of the block. Raises asyncpg's errors."""
    async with time_limit(connection, QUERY_S, FOR_QUESTIONS):
        yield Asker(connection, await read_state(connection, now))


async def ask(connection: Connection, question: Question, now: datetime) -> Answer | Refusal:
    """Answer one question, or say why it is not answered. Raises asyncpg's errors."""
    async with open_asker(connection, now) as asker:
        return await asker.ask(question)
