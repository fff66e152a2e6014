"""What pausing or archiving would stop, in words: the codes that work now, and the clicks that they bring."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import structlog

from console.database import DatabaseAway
from console.environment import Environment
from console.referrals.activity import DAYS, list_last_days
from console.view.today import read_today
from referrals.admin.working_codes import WorkingCodes, count_working_codes
from referrals.model import Kind, Status
from storage.read.asking.answer import Answer
from storage.read.asking.asker import ask
from storage.read.asking.question import MOST_VALUES, Filter, Question
from storage.read.queries import Connection

log = structlog.get_logger()
DOING: Final[dict[Status, str]] = {"paused": "Pausing", "archived": "Archiving"}


async def describe_consequences(environment: Environment, kind: Kind, ids: Sequence[str]) -> dict[Status, str]:
    """Describe what pausing and archiving these rows would stop; nothing while it cannot be counted."""

    async def read(connection: Any) -> tuple[WorkingCodes, int | None]:
        working = await count_working_codes(connection, kind, ids)
        return working, await count_people(connection, kind, ids, environment.now())

    try:
        working, people = await environment.database.read(read)
    except DatabaseAway as error:
        log.warning("what a pause stops is not counted", error=str(error))
        return {}
    return {status: describe(verb, kind, working, people) for status, verb in DOING.items()}


async def count_people(connection: Connection, kind: Kind, ids: Sequence[str], now: datetime) -> int | None:
    """Count the clicks of people of the last days in the reporting zone. None: too many ids, or too much to read."""
    if not 0 < len(ids) <= MOST_VALUES:
        return None
    span = list_last_days(await read_today(connection, now))
    question = Question(range=span, measures=("people",), where=(Filter(kind, tuple(ids)),))
    answer = await ask(connection, question, now)
    return sum(group.counts[0] for group in answer.groups) if isinstance(answer, Answer) else None


def describe(verb: str, kind: Kind, working: WorkingCodes, people: int | None) -> str:
    """Say it, as in: pausing stops 12 codes of 3 affiliates; 840 clicks of people in the last 7 days."""
    if not working.codes:
        return f"{verb} stops no code: none of them works now."
    owners = count(working.programs, "program") if kind == "affiliate" else count(working.affiliates, "affiliate")
    brought = f"; {count(people, 'click')} of people in the last {DAYS} days" if people is not None else ""
    return f"{verb} stops {count(working.codes, 'code')} of {owners}{brought}."


def count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
