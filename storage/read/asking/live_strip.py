"""The last hour, minute by minute, exact at once."""

from datetime import datetime, timedelta
from typing import Final

from storage.read.asking.answer import Answer
from storage.read.asking.asker import ask
from storage.read.asking.plan import Refusal
from storage.read.asking.question import Filter, Question, Range
from storage.read.queries import Connection

MINUTES: Final = 60


async def read_live_strip(
    connection: Connection,
    now: datetime,
    measures: tuple[str, ...] = ("people", "bots"),
    where: tuple[Filter, ...] = (),
) -> Answer | Refusal:
    """Count the clicks of the last 60 minutes by minute, the current one included. `where` may name programs."""
    end = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    asked = Range(end - timedelta(minutes=MINUTES), end)
    return await ask(connection, Question(range=asked, measures=measures, by=("minute",), where=where), now)
