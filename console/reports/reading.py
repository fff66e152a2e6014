"""Reads a report: one question for its rows, one each for their series, and two for the range to compare with."""

from collections.abc import Sequence
from typing import Final

import msgspec

from console.reports.level import (
    Counts,
    Keys,
    Level,
    align,
    choose_unit,
    collect_series,
    filter_page,
    find_series_measure,
    sort_series,
)
from console.reports.request import Path, ReportRequest
from console.view.asked import make_question
from console.view.filters import Filter
from console.view.ranges import Today
from console.view.view import set_filter
from storage.read.asking.answer import Answer
from storage.read.asking.asker import Asker, open_asker
from storage.read.asking.plan import NotKept, Refusal, TooLarge
from storage.read.asking.question import MOST_ROWS, UNITS, Problem, Question
from storage.read.asking.quiet_entities import QuietEntity, find_quiet_entities
from storage.read.queries import Connection, Reader
from storage.rollups.dimensions import OTHER

MOST_INSIDE: Final = 100
"""Rows inside an open group; its own page has all."""
MOST_LOOKED_THROUGH: Final = 20_000
"""Rows of counts of a range, where those who had clicks before and have none now are looked for."""


class Report(msgspec.Struct, frozen=True):
    """The rows of a report, those inside its open groups, and who had clicks before and has none now.

    `quiet` is null where nobody has looked for these.
    """

    request: ReportRequest
    today: Today
    level: Level
    inside: dict[Path, Level | Refusal]
    quiet: Sequence[QuietEntity] | None = ()


async def read_report(connection: Connection, request: ReportRequest, today: Today) -> Report | Refusal:
    """Read a page of a report, all of it as of one moment. Raises asyncpg's errors."""
    async with open_asker(connection, today.now) as asker:
        level = await read_level(asker, request, today, request.by, ())
        if not isinstance(level, Level):
            return level
        inside = {path: await read_inside(asker, request, today, path) for path in request.open}
        quiet = await read_quiet(asker, level)
    return Report(request, today, level, inside if request.layout == "nested" else {}, quiet)


async def read_quiet(asker: Asker, level: Level) -> Sequence[QuietEntity] | None:
    """Read which affiliates or codes had clicks in the other range alone, if the report is about these.

    All of both ranges are looked through for them, which a page has no time for where that is much.
    """
    question, plan = level.question, level.answer.plan
    if level.other is None or level.before is None or len(question.by) != 1:
        return ()
    match question.by[0]:
        case "affiliate" | "code" as by:
            if plan.is_bounded or plan.most_of_rollups > MOST_LOOKED_THROUGH:
                return None
            found = await find_quiet_entities(asker, by, level.other, question.range, question.where)
            return found if isinstance(found, list) else None
        case _:
            return ()


async def read_inside(asker: Asker, request: ReportRequest, today: Today, path: Path) -> Level | Refusal:
    """Read the groups inside a group."""
    by = request.view.by
    if OTHER in path or any(name in UNITS for name in by[: len(path)]):
        return Problem("this group cannot be opened")
    above = tuple(Filter(name, "is", (value,)) for name, value in zip(by, path, strict=False))
    one = msgspec.structs.replace(request, page=1, size=MOST_INSIDE)
    return await read_level(asker, one, today, by[len(path) : len(path) + 1], above)


async def read_level(
    asker: Asker, request: ReportRequest, today: Today, by: tuple[str, ...], above: Sequence[Filter]
) -> Level | Refusal:
    """Read the groups of a level, with what they are compared with, and their series."""
    question = await write_question(asker.reader, request, today, by, above)
    if isinstance(question, Problem):
        return question
    found: Level | Refusal = NotKept("there is no range to compare with")
    async for one, other, totals in asker.find_comparable(question):
        answer = await asker.ask(one)
        if not isinstance(answer, Answer):
            found = answer
            continue
        found = cut_level(answer, request)
        if other is not None:
            found = await compare(asker, found, other, totals)
        if not found.not_compared:
            break
    return await add_series(asker, found, request) if isinstance(found, Level) else found


async def write_question(
    reader: Reader, request: ReportRequest, today: Today, by: tuple[str, ...], above: Sequence[Filter]
) -> Question | Problem:
    view = msgspec.structs.replace(request.view, by=by, sort=request.sort)
    for one in above:
        view = set_filter(view, one.field, one.operator, one.values)
    is_whole = any(name in UNITS for name in by)
    limit, offset = (MOST_ROWS, 0) if is_whole else (request.size, (request.page - 1) * request.size)
    return await make_question(reader, view, today, request.measures, limit=limit, offset=offset)


def cut_level(answer: Answer, request: ReportRequest) -> Level:
    """Make a level of an answer. A series is sorted and cut to its page here."""
    if answer.plan.question.unit is None:
        return Level(answer=answer, groups=answer.groups, number=answer.number)
    groups = sort_series(answer.groups, answer.plan.question, request.sort)
    begin = (request.page - 1) * request.size
    return Level(answer=answer, groups=tuple(groups[begin : begin + request.size]), number=len(groups))


async def compare(asker: Asker, level: Level, other: Question, totals: Answer | Refusal | None) -> Level:
    """Add the counts of the other range: of the groups of the page, and the totals of all."""
    before = await asker.ask(limit_to_page(other, level))
    known: dict[Keys, Counts] | None = None
    if isinstance(before, Answer) and before.number <= MOST_ROWS:
        known = align(before, level.answer)
    refused = next((explain(one) for one in (totals, before) if one and not isinstance(one, Answer)), "")
    return msgspec.structs.replace(
        level,
        before=known,
        other=other.range,
        totals_before=totals.totals if isinstance(totals, Answer) else None,
        not_compared=refused or ("" if known is not None else f"more than {MOST_ROWS:,} groups"),
    )


def explain(refusal: Refusal) -> str:
    return str(refusal) if isinstance(refusal, TooLarge) else refusal.reason


def limit_to_page(other: Question, level: Level) -> Question:
    where = (*other.where, *filter_page(level.question, level.groups, only_entities=True))
    return msgspec.structs.replace(other, where=where, limit=MOST_ROWS, offset=0, sort=None, is_ascending=False)


async def add_series(asker: Asker, level: Level, request: ReportRequest) -> Level:
    """Add a series for each group of the page, if one question can count them all."""
    question, plan = level.question, level.answer.plan
    unit = choose_unit(question, plan.span.length)
    if unit is None or not level.groups:
        return level
    measure = find_series_measure(request.sort, question.measures)
    asked = msgspec.structs.replace(
        question,
        measures=(measure,),
        by=(*question.by, unit),
        where=(*question.where, *filter_page(question, level.groups)),
        limit=MOST_ROWS,
        offset=0,
        sort=None,
        is_ascending=False,
    )
    answer = await asker.ask(asked)
    series = collect_series(answer, unit, measure) if isinstance(answer, Answer) else None
    return msgspec.structs.replace(level, series=series)
