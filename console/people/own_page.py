"""An affiliate's own page: clicks by day, codes and links. Nothing personal, and no reasons of rejections or scores."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from aiohttp import web

from console.auth.sessions import SESSION
from console.environment import ENVIRONMENT, Environment
from console.view.ranges import NAMED
from console.view.today import read_today
from console.view.view import View, read_view
from console.web.responses import reply
from referrals.admin.search import Row, Wanted, search
from storage.read.asking.answer import Answer
from storage.read.asking.asker import open_asker
from storage.read.asking.question import Filter, Question, Range
from storage.read.queries import Connection
from urls.links import PREFIX

RANGES: Final = ("7d", "28d", "91d", "month", "last_month", "12mo")
MEASURES: Final = ("people", "uniques")
MOST_CODES: Final = 500
BAR_WIDTH: Final = 1000


class DayLine(msgspec.Struct, frozen=True):
    """A day, its clicks of people and unique clicks, and the length of its bar of BAR_WIDTH."""

    day: str
    clicks: int
    uniques: int
    width: int


class CodeLine(msgspec.Struct, frozen=True):
    code: str
    status: str
    link: str
    clicks: int
    uniques: int


class Own(msgspec.Struct, frozen=True):
    """What the page shows of one affiliate; `days` is empty, with `problem`, if they cannot be counted.

    `more` codes are not listed: they have no more clicks than those that are.
    """

    totals: tuple[int, int]
    days: list[DayLine]
    codes: list[CodeLine]
    more: int
    problem: str = ""


async def show_own(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    affiliate_id = request[SESSION].user.affiliate_id
    if affiliate_id is None:
        raise web.HTTPNotFound
    view, _ = read_view(request.query)
    now, public_url = environment.now(), environment.settings.public_url

    async def read(reader: Connection) -> tuple[Own, str]:
        today = await read_today(reader, now)
        shown = view.find_range(today)
        return await read_own(reader, affiliate_id, shown, now, public_url), today.zone.key

    own, zone = await environment.database.read(read)
    ranges = {name: NAMED[name].title for name in RANGES}
    return reply(request, "people/own.html", own=own, zone=zone, ranges=ranges, chosen=chosen_range(view))


def chosen_range(view: View) -> str:
    return "" if view.days is not None else view.range


async def read_own(reader: Any, affiliate_id: str, shown: Range, now: Any, public_url: str | None) -> Own:
    """Count an affiliate's clicks of people by day and by code. Raises asyncpg's errors."""
    mine = (Filter("affiliate", (affiliate_id,)),)
    async with open_asker(reader, now) as asker:
        by_day = await asker.ask(Question(range=shown, measures=MEASURES, by=("day",), where=mine, limit=4000))
        by_code = await asker.ask(
            Question(range=shown, measures=MEASURES, by=("code",), where=mine, sort="people", limit=MOST_CODES)
        )
    groups = by_code.groups if isinstance(by_code, Answer) else []
    counts = {str(group.keys[0]): (group.counts[0], group.counts[1]) for group in groups}
    found = await search(reader, "code", Wanted(affiliate_id=affiliate_id, first=tuple(counts), limit=MOST_CODES))
    codes, more = make_codes(found.rows, counts, public_url), found.number - len(found.rows)
    if not isinstance(by_day, Answer) or not isinstance(by_code, Answer):
        return Own(
            (0, 0), [], make_codes(found.rows, {}, public_url), more, "These days cannot be counted: choose fewer."
        )
    return Own((by_day.totals[0], by_day.totals[1]), make_days(by_day), codes, more)


def make_days(answer: Answer) -> list[DayLine]:
    """List the days, the newest first. Pure."""
    most = max((group.counts[0] for group in answer.groups), default=0) or 1
    lines = [
        DayLine(str(group.keys[0]), group.counts[0], group.counts[1], BAR_WIDTH * group.counts[0] // most)
        for group in answer.groups
    ]
    return lines[::-1]


def make_codes(codes: list[Row], counts: Mapping[str, tuple[int, int]], public_url: str | None) -> list[CodeLine]:
    """List the codes, those with most clicks first. Pure."""
    root = (public_url or "").rstrip("/")
    lines = [CodeLine(one.id, one.status, f"{root}{PREFIX}{one.id}", *counts.get(one.id, (0, 0))) for one in codes]
    return sorted(lines, key=lambda line: (-line.clicks, line.code))
