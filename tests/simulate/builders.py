"""Real values for the tests of simulate: a planned request, an answer, a stack to send to."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from itertools import islice
from typing import Any

from aiohttp import web

from simulate.generate import generate
from simulate.ledger import Answer
from simulate.planned import Options, Planned

COOKIE = "cr-shop=v1.k1.AAAA; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax"
SHOES = "https://shop.example/shoes"

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def planned(**changes: Any) -> Planned:
    fields: dict[str, Any] = {
        "id": 1,
        "kind": "visit",
        "expected": "click",
        "method": "GET",
        "path": "/ref/demo",
        "code": "demo",
        "headers": (("User-Agent", "curl/8.16.0"), ("X-Forwarded-For", "203.0.113.9")),
    }
    return Planned(**fields | changes)


def visits(number: int, **changes: Any) -> list[Planned]:
    return [planned(id=one, **changes) for one in range(1, number + 1)]


def answer(**changes: Any) -> Answer:
    fields: dict[str, Any] = {"ms": 1.0, "late_ms": 0.0, "status": 302, "location": SHOES, "set_cookies": (COOKIE,)}
    return Answer(**fields | changes)


def generated(number: int, seed: int = 1, **options: Any) -> list[Planned]:
    return list(islice(generate(seed, Options(**options)), number))


@lru_cache(maxsize=1)
def everyday(number: int = 5000) -> Sequence[Planned]:
    """Give what `generated(number)` gives, made once for all tests."""
    return tuple(generated(number))


def only(kind: str, number: int = 1000, seed: int = 1, **options: Any) -> list[Planned]:
    """Generate requests of one kind."""
    return generated(number, seed, shares={kind: 1}, **options)


def header(request: Planned, name: str) -> str | None:
    return next((value for one, value in request.headers if one == name), None)


async def give_click(_: web.BaseRequest) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": SHOES, "Set-Cookie": COOKIE})


@asynccontextmanager
async def stack(handler: Handler = give_click) -> AsyncIterator[str]:
    """Serve a handler by aiohttp; gives the address."""
    runner = web.ServerRunner(web.Server(handler, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
