"""Values that a filter may have: those that are known, with the most clicks first."""

from datetime import timedelta
from typing import Final

import msgspec

from console.view.asked import find_values
from console.view.filters import Filter
from console.view.ranges import Today
from console.view.words import name_value
from runtime.like import escape_like
from storage.read.asking import question as asking
from storage.read.asking.answer import Answer
from storage.read.asking.asker import ask
from storage.read.asking.plan import Refusal
from storage.read.asking.question import Problem, Question, Range, locate
from storage.read.queries import QUERY_S, Connection
from storage.rollups.dimensions import OTHER

MOST: Final = 20
RECENT: Final = timedelta(days=7)
"""Suggestions come from these days if the range of the view is too large."""
NAMES: Final = {
    "program": "SELECT id, name FROM programs WHERE id ILIKE ANY ($1) OR name ILIKE ANY ($1) ORDER BY 1 LIMIT $2",
    "affiliate": "SELECT id, name FROM affiliates WHERE id ILIKE ANY ($1) OR name ILIKE ANY ($1) ORDER BY 1 LIMIT $2",
    "code": "SELECT code, affiliate_id FROM referral_codes WHERE code ILIKE ANY ($1) ORDER BY 1 LIMIT $2",
}


class Suggestion(msgspec.Struct, frozen=True):
    """A value, how it is shown, and its clicks or its name."""

    value: str
    shown: str
    detail: str = ""


async def suggest_values(connection: Connection, field: str, text: str, asked: Range, today: Today) -> list[Suggestion]:
    """Suggest values of a field that contain a text. Raises asyncpg's errors."""
    if field in NAMES:
        rows = await connection.fetch(NAMES[field], [f"%{escape_like(text)}%"], MOST, timeout=QUERY_S)
        return [Suggestion(value, value, "" if name == value else name) for value, name in rows]
    recent = Range(today.day - RECENT, today.day + timedelta(days=1))
    for one in (asked, recent):
        answer = await count_values(connection, field, text, one, today)
        if isinstance(answer, Answer):
            return [
                Suggestion(str(value), name_value(field, str(value)), f"{group.counts[0]:,}")
                for group in answer.groups
                if (value := group.keys[0]) != OTHER
            ]
    return []


async def count_values(connection: Connection, field: str, text: str, asked: Range, today: Today) -> Answer | Refusal:
    """Count the clicks of the values that contain a text."""
    where: tuple[asking.Filter, ...] = ()
    if text:
        found = await find_values(connection, Filter(field, "has", (text,)), locate(asked, today.zone))
        if isinstance(found, Problem):
            return found
        where = (found,)
    question = Question(range=asked, measures=("gross",), by=(field,), where=where, limit=MOST)
    return await ask(connection, question, today.now)
