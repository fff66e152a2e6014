"""The clicks of the last days of the rows of a page: a count, a line of bars, and the newest click."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from console.view.ranges import Today
from console.view.today import read_today
from referrals.model import Kind
from storage.read.asking.answer import Answer
from storage.read.asking.asker import ask
from storage.read.asking.question import ENTITIES, Filter, Question, Range
from storage.read.queries import QUERY_S, Connection

DAYS: Final = 7
HEIGHT: Final = 100
LAST: Final = """
    SELECT id, (
        SELECT clicked_at FROM clicks WHERE clicks.{column} = id AND clicked_at >= $2 ORDER BY clicked_at DESC LIMIT 1
    )
    FROM unnest($1::text[]) AS id
"""


class Bar(msgspec.Struct, frozen=True):
    """A bar of a line: its place from the left, and its top and height of HEIGHT."""

    x: int
    y: int
    height: int


class Activity(msgspec.Struct, frozen=True):
    """People's clicks of the last DAYS days, in all and by day, and when the newest click of these days was."""

    people: int = 0
    days: tuple[int, ...] = ()
    last_at: datetime | None = None

    @property
    def bars(self) -> list[Bar]:
        most = max(self.days, default=0)
        heights = [0 if not count else max(8, count * HEIGHT // most) for count in self.days]
        return [Bar(12 * place, HEIGHT - height, height) for place, height in enumerate(heights)]

    @property
    def words(self) -> str:
        return f"people's clicks of each of the last {DAYS} days: {', '.join(map(str, self.days))}"


QUIET: Final = Activity()


class Activities(msgspec.Struct, frozen=True):
    """The activity of rows by their ids, and the reporting zone whose days are counted."""

    zone: str
    rows: dict[str, Activity]

    def of(self, id_: str) -> Activity:
        return self.rows.get(id_, QUIET)


def list_last_days(today: Today) -> Range:
    """Return the last DAYS days of the reporting zone, today included."""
    return Range(today.day - timedelta(days=DAYS - 1), today.day + timedelta(days=1))


async def read_activity(connection: Connection, kind: Kind, ids: Sequence[str], now: datetime) -> Activities | None:
    """Read the activity of these, at most a page of them. None: counting them would read too much."""
    today = await read_today(connection, now)
    if not ids:
        return Activities(today.zone.key, {})
    question = Question(
        range=list_last_days(today),
        measures=("people",),
        by=(kind, "day"),
        where=(Filter(kind, tuple(ids)),),
        limit=len(ids) * (DAYS + 1),
    )
    answer = await ask(connection, question, now)
    if not isinstance(answer, Answer):
        return None
    names = [today.day - timedelta(days=number) for number in reversed(range(DAYS))]
    counts: dict[str, dict[object, int]] = {}
    for group in answer.groups:
        counts.setdefault(str(group.keys[0]), {})[group.keys[1]] = group.counts[0]
    last = await read_last_clicks(connection, kind, ids, answer)
    rows = {one: make_activity(counts.get(one, {}), names, last.get(one)) for one in ids}
    return Activities(today.zone.key, rows)


async def read_last_clicks(
    connection: Connection, kind: Kind, ids: Sequence[str], answer: Answer
) -> dict[str, datetime]:
    statement = LAST.format(column=ENTITIES[kind])
    rows = await connection.fetch(statement, list(ids), answer.plan.span.begin, timeout=QUERY_S)
    return {row[0]: row[1] for row in rows if row[1] is not None}


def make_activity(counts: dict[object, int], days: Sequence[date], last_at: datetime | None) -> Activity:
    by_day = tuple(counts.get(day, 0) for day in days)
    return Activity(sum(by_day), by_day, last_at)
