"""Visitors of a shop: they come at a rate, whatever the answers, and remember each of them."""

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
    """What was asked when (seconds), what was answered (status 0: nothing) after how many milliseconds."""

    code: str
    at: float
    milliseconds: float
    status: int
    location: str | None = None
    retry_after: str | None = None
    set_cookie: str | None = None

    @property
    def is_right(self) -> bool:
        """Whether the code of a shop was led to its own place."""
        return (self.status, self.location) == (302, f"https://shop.example/{self.code}")


class Crowd:
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
        """Ask for codes, some at a time; give the answers in the order of the codes."""
        places = asyncio.Semaphore(AT_ONCE)

        async def visit(code: str) -> Visit:
            async with places:
                return await self.visit(browser, code)

        async with browsing() as browser:
            return await asyncio.gather(*map(visit, codes))

    @asynccontextmanager
    async def coming(self, rate: float, choose: Callable[[], str]) -> AsyncIterator[None]:
        """Have visitors come at so many a second while the block runs, and wait until all are answered."""

        async def come() -> None:
            for due in steps(time.monotonic(), 1 / rate):
                await asyncio.sleep(due - time.monotonic())
                group.create_task(self.visit(browser, choose()))

        async with browsing() as browser, asyncio.TaskGroup() as group:
            coming = group.create_task(come())
            try:
                yield
            finally:
                coming.cancel()

    def since(self, at: float, until: float = float("inf")) -> list[Visit]:
        """Give the visits that began in a time."""
        return [visit for visit in self.visits if at <= visit.at < until]


def steps(start: float, step: float) -> Iterable[float]:
    while True:
        yield start
        start += step


def browsing() -> aiohttp.ClientSession:
    # No limit: a visitor does not wait until others are answered.
    return aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), connector=aiohttp.TCPConnector(limit=0))


def click_id(keys: CookieKeys, visit: Visit, now_s: int) -> str:
    """Give the id in the cookie that was set."""
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
