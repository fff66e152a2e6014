"""Reads all groups of a report, for its CSV, as of one moment."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

import msgspec

from console.reports.csv_file import CsvReport
from console.reports.level import Counts, Keys, align, sort_series
from console.reports.reading import write_question
from console.reports.request import ReportRequest
from console.view.ranges import Today
from storage.read.asking.answer import Answer, Group
from storage.read.asking.asker import ask
from storage.read.asking.comparison import list_comparisons
from storage.read.asking.plan import NotKept, Refusal, TooLarge
from storage.read.asking.question import MOST_ROWS, Problem, Question
from storage.read.queries import Connection

Ask = Callable[[Connection, Question, datetime], Awaitable[Answer | Refusal]]
MOST_GROUPS: Final = 100_000
ADVICE: Final = (
    "Choose fewer groups or a shorter range, or run `clickrail export clicks`, which writes any number of rows"
)


async def read_all(
    connection: Connection, request: ReportRequest, today: Today, answer: Ask = ask
) -> CsvReport | Refusal:
    """Read the groups of all pages, each by `answer`. Raises asyncpg's errors."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        whole = msgspec.structs.replace(request, layout="flat", page=1)
        question = await write_question(connection, whole, today, request.view.by, ())
        if isinstance(question, Problem):
            return question
        found: CsvReport | Refusal = NotKept("there is no range to compare with")
        for one, other in list_pairs(question, today):
            found = await read_pair(connection, whole, today, (one, other), answer)
            if isinstance(found, CsvReport):
                break
    return found


def list_pairs(question: Question, today: Today) -> list[tuple[Question, Question | None]]:
    if question.compare is None:
        return [(question, None)]
    return list(list_comparisons(question, today.now, today.zone))


async def read_pair(
    connection: Connection, request: ReportRequest, today: Today, pair: tuple[Question, Question | None], answer: Ask
) -> CsvReport | Refusal:
    one, other = pair
    now = await read_groups(connection, one, today.now, answer)
    if not isinstance(now, Answer):
        return now
    groups = sort_series(now.groups, one, request.sort) if one.unit is not None else now.groups
    before: dict[Keys, Counts] | None = None
    if other is not None:
        old = await read_groups(connection, other, today.now, answer)
        if not isinstance(old, Answer):
            return old
        before = align(old, now)
    return CsvReport(request, today, now.plan.span, one.measures, groups, before)


async def read_groups(connection: Connection, question: Question, now: datetime, answer: Ask) -> Answer | Refusal:
    """Read all groups of a question, page by page."""
    groups: list[Group] = []
    while True:
        page = msgspec.structs.replace(question, limit=MOST_ROWS, offset=len(groups))
        found = await answer(connection, page, now)
        if not isinstance(found, Answer):
            return found
        groups += found.groups
        if found.number > (MOST_ROWS if question.unit is not None else MOST_GROUPS):
            return TooLarge(None, f"the report has {found.number:,} rows")
        if not found.groups or question.unit is not None or len(groups) >= found.number:
            return msgspec.structs.replace(found, groups=tuple(groups))
