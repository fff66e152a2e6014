"""Reads all groups of a report, for its CSV, as of one moment."""

from datetime import datetime
from typing import Final

import msgspec

from console.reports.csv_file import CsvReport
from console.reports.level import Counts, Keys, align, sort_series
from console.reports.reading import list_pairs, write_question
from console.reports.request import ReportRequest
from console.view.ranges import Today
from storage.read.asking.answer import Answer, Group, ask
from storage.read.asking.plan import NotKept, Refusal, TooLarge
from storage.read.asking.question import MOST_ROWS, Problem, Question
from storage.read.queries import Connection

MOST_GROUPS: Final = 100_000
AS_OF_ONE_MOMENT: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
ADVICE: Final = (
    "choose fewer groups or a shorter range, or run `clickrail export clicks`, which writes any number of rows"
)


async def read_all(connection: Connection, request: ReportRequest, today: Today) -> CsvReport | Refusal:
    """Read the groups of all pages. Raises asyncpg's errors."""
    async with connection.transaction(readonly=True):
        await connection.execute(AS_OF_ONE_MOMENT)
        whole = msgspec.structs.replace(request, layout="flat", page=1)
        question = await write_question(connection, whole, today, request.view.by, ())
        if isinstance(question, Problem):
            return question
        found: CsvReport | Refusal = NotKept("there is no range to compare with")
        for one, other in list_pairs(question, today):
            found = await read_pair(connection, whole, today, one, other)
            if isinstance(found, CsvReport):
                break
    return found


async def read_pair(
    connection: Connection, request: ReportRequest, today: Today, one: Question, other: Question | None
) -> CsvReport | Refusal:
    answer = await read_groups(connection, one, today.now)
    if not isinstance(answer, Answer):
        return answer
    groups = sort_series(answer.groups, one, request.sort) if one.unit is not None else answer.groups
    before: dict[Keys, Counts] | None = None
    if other is not None:
        old = await read_groups(connection, other, today.now)
        if not isinstance(old, Answer):
            return old
        before = align(old, answer)
    return CsvReport(request, today, answer.plan.span, one.measures, groups, before)


async def read_groups(connection: Connection, question: Question, now: datetime) -> Answer | Refusal:
    """Read all groups of a question, page by page."""
    groups: list[Group] = []
    while True:
        page = msgspec.structs.replace(question, limit=MOST_ROWS, offset=len(groups))
        answer = await ask(connection, page, now)
        if not isinstance(answer, Answer):
            return answer
        groups += answer.groups
        if answer.number > (MOST_ROWS if question.unit is not None else MOST_GROUPS):
            return TooLarge(None, f"the report has {answer.number:,} rows")
        if not answer.groups or question.unit is not None or len(groups) >= answer.number:
            return msgspec.structs.replace(answer, groups=tuple(groups))
