"""Views as questions, and today as the tables know it, on real rows."""

from datetime import date, timedelta

import asyncpg
import pytest

from console.view.asked import make_question
from console.view.filters import Filter
from console.view.today import read_today
from console.view.view import View
from schemas import Referrer
from storage.read.asking import question as asking
from storage.read.asking.answer import Answer
from storage.read.asking.asker import ask
from storage.read.asking.question import Problem
from tests.console.builders import NOW, count_stored, enriched_click, store

pytestmark = pytest.mark.servers

HOSTS = ("shop.example", "blog.shop.example", "news.example", "100%.example", "1000.example")


@pytest.fixture
async def rolled(tables: asyncpg.Connection) -> asyncpg.Connection:
    await tables.execute("INSERT INTO affiliates (id, name, status) VALUES ('ann', 'Ann of Example', 'active')")
    clicks = [
        enriched_click(
            NOW - timedelta(days=day), number, referrer=Referrer(url=f"https://{host}/", host=host, medium="unknown")
        )
        for number, host in enumerate(HOSTS)
        for day in (0, 3)
    ]
    await store(tables, clicks)
    await count_stored(tables)
    return tables


async def test_today_begins_with_the_first_day_that_has_clicks(rolled: asyncpg.Connection) -> None:
    today = await read_today(rolled, NOW)

    assert (today.zone.key, today.day, today.first_day) == ("UTC", date(2026, 11, 24), date(2026, 11, 21))


async def test_without_clicks_the_first_day_is_today(tables: asyncpg.Connection) -> None:
    assert (await read_today(tables, NOW)).first_day == NOW.date()


@pytest.mark.parametrize(
    ("texts", "hosts"),
    [
        (("shop",), {"shop.example", "blog.shop.example"}),
        (("SHOP", "news"), {"shop.example", "blog.shop.example", "news.example"}),
        (("0%",), {"100%.example"}),
        (("nowhere",), set()),
    ],
)
async def test_what_contains_a_text_is_counted(
    rolled: asyncpg.Connection, texts: tuple[str, ...], hosts: set[str]
) -> None:
    view = View(filters=(Filter("referrer_host", "has", texts),), by=("referrer_host",))
    question = await make_question(rolled, view, await read_today(rolled, NOW), ("people",))
    assert not isinstance(question, Problem)
    answer = await ask(rolled, question, NOW)
    assert isinstance(answer, Answer)

    assert {group.keys[0]: group.counts for group in answer.groups} == dict.fromkeys(hosts, (2,))


async def test_an_affiliate_is_found_by_its_name(rolled: asyncpg.Connection) -> None:
    today = await read_today(rolled, NOW)
    question = await make_question(rolled, View(filters=(Filter("affiliate", "has", ("of ex",)),)), today, ("people",))

    assert not isinstance(question, Problem)
    assert question.where == (asking.Filter("affiliate", ("ann",)),)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("-people", ("people", False)),
        ("people", ("people", True)),
        ("code", ("code", True)),
        ("-unique_rate", ("unique_rate", False)),
        ("bot_rate", (None, False)),
        ("country", (None, False)),
    ],
)
async def test_a_question_is_sorted_by_what_it_has(
    rolled: asyncpg.Connection, sort: str, expected: tuple[str | None, bool]
) -> None:
    today = await read_today(rolled, NOW)
    question = await make_question(rolled, View(sort=sort, by=("code",)), today, ("people", "uniques"))

    assert not isinstance(question, Problem)
    assert (question.sort, question.is_ascending) == expected
