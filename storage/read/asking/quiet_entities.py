"""Affiliates or codes that had clicks in one range and have none in another."""

from typing import Literal

import msgspec

from storage.read.asking.answer import Answer
from storage.read.asking.asker import Asker
from storage.read.asking.plan import Refusal, TooLarge
from storage.read.asking.question import MOST_ROWS, Filter, Question, Range


class QuietEntity(msgspec.Struct, frozen=True):
    """An affiliate or a code without clicks now, and its clicks before, those of bots included."""

    entity: str
    clicks: int


async def find_quiet_entities(
    asker: Asker,
    by: Literal["affiliate", "code"],
    before: Range,
    since: Range,
    where: tuple[Filter, ...] = (),
) -> list[QuietEntity] | Refusal:
    """Find those with clicks in `before` and none in `since`, those with the most clicks first."""
    answers = []
    for asked in (since, before):
        question = Question(range=asked, measures=("gross",), by=(by,), where=where, limit=MOST_ROWS)
        answer = await asker.ask(question)
        if not isinstance(answer, Answer):
            return answer
        if answer.number > len(answer.groups):
            return TooLarge(None, f"more than {MOST_ROWS:,} have clicks")
        answers.append({group.keys[0]: group.counts[0] for group in answer.groups})
    have, had = answers
    return [QuietEntity(str(entity), clicks) for entity, clicks in had.items() if entity not in have]
