"""The cards of the console as questions, each timed again and again, with the rows that PostgreSQL touched for it."""

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from statistics import quantiles
from typing import Final

import asyncpg

from bench.report import Figure
from storage.read.asking.answer import Answer
from storage.read.asking.asker import ask
from storage.read.asking.description import explain_plan
from storage.read.asking.question import Filter, Question, Range

ROUNDS: Final = 40
GOAL_MS: Final = 50.0
MEASURES: Final = ("people", "uniques", "bots")
BUSY: Final = Filter("affiliate", ("affiliate-419",))
QUIET: Final = Filter("code", ("code-3000",))
PROGRAM: Final = Filter("program", ("program-1",))
COUNTRY: Final = Filter("country", ("US",))


def list_cards(now: datetime) -> Mapping[str, Question]:
    """Give the questions of the cards at this time."""
    begin = now.replace(second=0, microsecond=0) - timedelta(minutes=59)
    hour = Range(begin, now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=2))

    def days(number: int, *by: str, where: tuple[Filter, ...] = (), limit: int = 100) -> Question:
        asked = Range(now.date() - timedelta(days=number - 1), now.date() + timedelta(days=1))
        return Question(range=asked, measures=MEASURES, by=by, where=where, limit=limit)

    return {
        "the last hour by minute": Question(range=hour, measures=MEASURES, by=("minute",)),
        "top codes of the last hour": Question(range=hour, by=("code",), limit=6),
        "countries of the last hour": Question(range=hour, by=("country",), limit=6),
        "today": days(1),
        "7 days by hour": days(7, "hour"),
        "30 days by day": days(30, "day"),
        "30 days by day, an affiliate": days(30, "day", where=(BUSY,)),
        "countries": days(30, "country"),
        "referrers": days(30, "referrer_host"),
        "campaigns of a program": days(30, "utm_campaign", where=(PROGRAM,)),
        "devices of a country": days(30, "device", where=(COUNTRY,)),
        "countries of a busy affiliate": days(30, "country", where=(BUSY,)),
        "countries of a quiet code": days(30, "country", where=(QUIET,)),
        "top codes of 7 days": days(7, "code", limit=10),
        "top codes of 30 days": days(30, "code", limit=10),
        "top affiliates of 30 days": days(30, "affiliate", limit=10),
    }


async def measure_cards(connection: asyncpg.Connection, now: datetime, clicks: int) -> list[Figure]:
    """Measure each card on tables whose clicks are rolled."""
    return [
        await measure_card(connection, f"{clicks:,} clicks, {name}", question, now)
        for name, question in list_cards(now).items()
    ]


async def measure_card(connection: asyncpg.Connection, name: str, question: Question, now: datetime) -> Figure:
    took_ms = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        answer = await ask(connection, question, now)
        took_ms.append(1000 * (time.perf_counter() - began))
    if not isinstance(answer, Answer):
        return Figure(name, f"refused: {answer}")
    cuts = quantiles(took_ms, n=20)
    touched = (await explain_plan(connection, answer.plan)).touched
    rows = f"rows: {touched.rollups:,} counts, {touched.clicks:,} clicks, {touched.index:,} of an index"
    measured = f"p50 {cuts[9]:.1f}, p95 {cuts[18]:.1f} ms; {rows}"
    return Figure(name, measured, f"p95 <= {GOAL_MS:.0f} ms", cuts[18] <= GOAL_MS)
