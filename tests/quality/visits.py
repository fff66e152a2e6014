"""Visits for the windows, and the two stores that judge them alike: in memory, and in a real Valkey."""

import itertools
from collections.abc import Awaitable, Sequence
from hashlib import blake2b
from typing import Any, Protocol, TypeVar

import redis.asyncio

from enricher.facts.redis_store import RedisStore
from identity.ulid import make_ulid
from quality.memory_store import MemoryStore, judge_visits
from quality.window_visits import KnownHashes, Visit, make_visit
from quality.windows import WindowBatch, WindowFacts
from schemas import ClientHints, Fetch
from tests.enricher.builders import NOW, raw_click
from tests.quality.builders import WINDOWS_CHROME

START_MS = int(NOW.timestamp() * 1000)
HOUR_MS = 3_600_000
NUMBERS = itertools.count()
T = TypeVar("T")


def id_at(at_ms: int, name: object = None) -> str:
    """Make the id of a click `at_ms` after the start; the same for the same name."""
    label = next(NUMBERS) if name is None else name
    return make_ulid(START_MS + at_ms, blake2b(str(label).encode(), digest_size=16).digest())


def hash_of(name: str) -> str:
    return blake2b(name.encode(), digest_size=16).hexdigest()


def visit(at_ms: int = 0, client: str | None = "ann", net: str | None = "home", **changes: Any) -> Visit:
    """Give a visit of a browser without a cookie. `late_ms` is how long Kafka did not have it."""
    late_ms, is_bot = changes.pop("late_ms", 40), changes.pop("is_bot", False)
    before = changes.pop("previous_client", None)
    click_id = changes.pop("click_id", None) or id_at(at_ms, changes.pop("name", None))
    hashes = KnownHashes(*(hash_of(name) if name else None for name in (net, client, before)))
    browser = {
        "user_agent": WINDOWS_CHROME,
        "accept_language": "de",
        "client_hints": ClientHints(ua='"Chromium";v="142"'),
        "fetch": Fetch(mode="navigate"),
    }
    click = raw_click(click_id=click_id, ip_sealed=None, **browser | changes)
    published_ms = START_MS + at_ms + late_ms
    return make_visit(click, hashes, published_ms, is_bot=is_bot)


def cookie(lease: str | None, previous: str | None = None) -> dict[str, Any]:
    return {"cookie_state": "valid", "lease_click_id": lease, "previous_click_id": previous or lease}


class Judge(Protocol):
    """A store behind the windows."""

    async def judge(self, visits: Sequence[Visit], now_ms: int = 0) -> list[WindowFacts]: ...


class MemoryJudge:
    def __init__(self) -> None:
        self.store = MemoryStore()

    async def judge(self, visits: Sequence[Visit], now_ms: int = 0) -> list[WindowFacts]:
        return judge_visits(self.store, visits, START_MS + now_ms)


async def patiently(work: Awaitable[T]) -> T:
    return await work


class RedisJudge:
    """Begins with a store that has known everything for long, as the one in memory."""

    def __init__(self, client: redis.asyncio.Redis, prefix: str) -> None:
        self.client = client
        self.store = RedisStore(client, prefix)
        self._is_new = True

    async def judge(self, visits: Sequence[Visit], now_ms: int = 0) -> list[WindowFacts]:
        windows = WindowBatch(visits, START_MS + now_ms)
        first_contact = 0 if self._is_new else START_MS + now_ms
        self._is_new = False
        writes = windows.apply(await self.store.read(windows.plan(), first_contact, patiently))
        while writes:
            writes = windows.confirm(await self.store.write(writes, patiently))
        return windows.facts()
