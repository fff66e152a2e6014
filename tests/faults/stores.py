"""A shop whose codes are asked of Redis and Postgres, and visitors who see to it that they are."""

import itertools
import random
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from tests.faults.drill import Drill
from tests.faults.many_clients import ManyClients, Visit, p99_ms, statuses
from tests.faults.shop import Shop
from tests.pipeline import eventually, running_pipeline

RATE = 150
HELD = 50
HELD_CODES = frozenset(f"c{n}" for n in range(HELD))


class Choice:
    """Every second visitor asks for a code that is held, the others for one nobody asked for before, known or not."""

    def __init__(self, fresh: int = HELD) -> None:
        self._fresh = itertools.count(fresh)
        self._chance = random.Random(1)

    def __call__(self) -> str:
        kind = self._chance.randrange(4)
        if kind < 2:
            return f"c{self._chance.randrange(HELD)}"
        return f"c{next(self._fresh)}" if kind == 2 else f"unknown{next(self._fresh)}"


class StoredShop(Shop):
    """Each code is asked of the stores when its first visitor comes."""

    codes = 20_000


MakeShop = Callable[[str], StoredShop]


@asynccontextmanager
async def open_shop(shop: StoredShop) -> AsyncIterator[ManyClients]:
    """Run ingest alone, with some codes held."""
    shop.keep_no_snapshot()
    async with running_pipeline(shop, "ingest"):
        clients = ManyClients(shop)
        # A first read of Postgres may come before there is a connection.
        await eventually(lambda: are_held(clients))
        yield clients


async def are_held(clients: ManyClients) -> bool:
    visits = await clients.visit_all(f"c{n}" for n in range(HELD))
    clients.visits.clear()
    return all(visit.is_right for visit in visits)


def check_answers(visits: list[Visit]) -> None:
    """Every known code was led to its place, every unknown one was told so, and nothing else was answered."""
    known = [visit for visit in visits if visit.code.startswith("c")]
    assert [visit for visit in known if not visit.is_right] == []
    assert set(statuses(visit for visit in visits if not visit.code.startswith("c"))) <= {404}
    assert len(known) > 100


async def reads(shop: Shop, outcome: str) -> float:
    return await shop.metric("clickrail_lookup_reads_total", store="redis", outcome=outcome)


async def until_used(shop: Shop) -> float:
    """Wait until Redis has been asked again and has answered; give the seconds that took. Visitors must be coming."""
    began, before = time.monotonic(), await reads(shop, "ok")

    async def is_used() -> bool:
        return await reads(shop, "ok") > before

    await eventually(is_used)
    return time.monotonic() - began


def is_held(visit: Visit) -> bool:
    return visit.code in HELD_CODES


def note_p99(drill: Drill, row: str, what: str, visits: Iterable[Visit], target_ms: float) -> None:
    figure = p99_ms(visits)
    drill.note(row, what, f"p99 {figure:.1f} ms", f"<= {target_ms} ms", figure <= target_ms)
