"""Many clients of a shop: they send requests at a fixed rate, whatever the answers, and record each answer."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import aiohttp
import msgspec

from identity.cookie import CookieKeys, OpenedCookie, open_cookie
from tests.faults.shop import Shop

AT_ONCE = 64


class Visit(msgspec.Struct, frozen=True):
    """One request: when (seconds), which code, and the answer (status 0: none) with its delay."""

    code: str
    at: float
    milliseconds: float
    status: int
    location: str | None = None
    retry_after: str | None = None
    set_cookie: str | None = None

    @property
    def is_right(self) -> bool:
        """Whether the redirect led to the code's own target."""
        return (self.status, self.location) == (302, f"https://shop.example/{self.code}")


class ManyClients:
    def __init__(self, shop: Shop) -> None:
        self.visits: list[Visit] = []
        self._shop = shop

    async def visit(self, browser: aiohttp.ClientSession, code: str, cookie: str | None = None) -> Visit:
        at = time.monotonic()
        try:
            link, cookies = f"{self._shop.url}/ref/{code}", {} if cookie is None else {"Cookie": cookie}
            async with browser.get(link, headers=cookies, allow_redirects=False) as answer:
                headers = answer.headers
                visit = Visit(
                    code,
                    at,
                    (time.monotonic() - at) * 1000,
                    answer.status,
                    headers.get("Location"),
                    headers.get("Retry-After"),
                    headers.get("Set-Cookie"),
                )
        except aiohttp.ClientError:
            visit = Visit(code, at, (time.monotonic() - at) * 1000, 0)
        self.visits.append(visit)
        return visit

    async def visit_all(self, codes: Iterable[str]) -> list[Visit]:
        """Visit the codes, AT_ONCE at a time; return the visits in the order of the codes."""
        places = asyncio.Semaphore(AT_ONCE)

        async def visit(code: str) -> Visit:
            async with places:
                return await self.visit(browser, code)

        async with open_session() as browser:
            return await asyncio.gather(*map(visit, codes))

    @asynccontextmanager
    async def visiting(self, rate: float, choose: Callable[[], str]) -> AsyncIterator[None]:
        """Send `rate` visits a second while the block runs, then wait until all are answered."""

        async def come() -> None:
            for due in steps(time.monotonic(), 1 / rate):
                await asyncio.sleep(due - time.monotonic())
                group.create_task(self.visit(browser, choose()))

        async with open_session() as browser, asyncio.TaskGroup() as group:
            visiting = group.create_task(come())
            try:
                yield
            finally:
                visiting.cancel()

    def since(self, at: float, until: float = float("inf")) -> list[Visit]:
        """Return the visits that began in a period."""
        return [visit for visit in self.visits if at <= visit.at < until]


def steps(start: float, step: float) -> Iterable[float]:
    while True:
        yield start
        start += step


def open_session() -> aiohttp.ClientSession:
    # No limit: one visit does not wait for another.
    return aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), connector=aiohttp.TCPConnector(limit=0))


def click_id(keys: CookieKeys, visit: Visit, now_s: int) -> str:
    """Return the click id in the cookie that was set."""
    assert visit.set_cookie is not None
    name, _, rest = visit.set_cookie.partition("=")
    opened = open_cookie(keys, name, rest.partition(";")[0], now_s)
    assert isinstance(opened, OpenedCookie), opened
    return opened.click_id


def statuses(visits: Iterable[Visit]) -> Counter[int]:
    return Counter(visit.status for visit in visits)


def p99_ms(visits: Iterable[Visit]) -> float:
    ordered = sorted(visit.milliseconds for visit in visits)
    return ordered[len(ordered) * 99 // 100] if ordered else 0.0
