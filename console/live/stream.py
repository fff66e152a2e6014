"""Clicks as they arrive, to one browser: server-sent events, a few a second however many clicks there are."""

import asyncio
from typing import Final

import msgspec
from aiohttp import hdrs, web

from console.auth.guard import read_session
from console.environment import ENVIRONMENT, Environment
from console.live.broadcast import Delivery
from console.live.sse import ask_to_retry_after, frame
from console.pages.filters import read_filters
from console.web.rendering import render
from runtime.errors import DependencyAway

PACE_S: Final = 0.4
"""The pause between two events: nobody reads faster, and a page that changes more often is hard to use."""
WAIT_S: Final = 1.0
HEARTBEAT_S: Final = 15.0
RETRY_MS: Final = 2000
MOST_ROWS: Final = 12
"""Lines in one event: thirty a second are as many as anybody can follow. What is more is counted instead."""
FIRST_ROWS: Final = 100
"""Lines in the first event, for who comes again and has missed some."""
MOST_BROWSERS: Final = 100

HEADERS: Final = {hdrs.CONTENT_TYPE: "text/event-stream", hdrs.CACHE_CONTROL: "no-store", "X-Accel-Buffering": "no"}


async def stream_clicks(request: web.Request) -> web.StreamResponse:
    """Send lines until the browser leaves, the session ends or the process stops."""
    environment: Environment = request.app[ENVIRONMENT]
    if environment.broadcast.listeners >= MOST_BROWSERS:
        return web.Response(status=503, text="Too many browsers are watching.", headers={hdrs.RETRY_AFTER: "10"})
    after = request.headers.get("Last-Event-ID") or request.query.get("after", "")
    response = web.StreamResponse(headers=HEADERS)
    await response.prepare(request)
    if request.method == hdrs.METH_HEAD:
        return response
    try:
        await response.write(ask_to_retry_after(RETRY_MS))
        await send_until_over(request, response, after)
    except ConnectionError:
        # The browser has left, which is how a stream ends.
        pass
    return response


async def send_until_over(request: web.Request, response: web.StreamResponse, after: str) -> None:
    environment: Environment = request.app[ENVIRONMENT]
    loop = asyncio.get_running_loop()
    sent: str | None = None
    sent_at, most_rows = 0.0, FIRST_ROWS
    with environment.broadcast.subscribe(read_filters(request.query), after) as subscription:
        while not subscription.closed and await is_logged_in(request):
            status = describe_status(environment)
            if status != sent or loop.time() - sent_at > HEARTBEAT_S:
                await response.write(frame("status", status))
                sent, sent_at = status, loop.time()
            delivery = await subscription.receive(WAIT_S)
            if delivery.arrivals:
                await response.write(frame_lines(environment, delivery, most_rows))
                await asyncio.sleep(PACE_S)
            most_rows = MOST_ROWS


async def is_logged_in(request: web.Request) -> bool:
    try:
        return await read_session(request) is not None
    except DependencyAway:
        # Forgotten here and nobody to ask: the browser comes again, and hears what is away.
        return False


async def show_status(request: web.Request) -> web.Response:
    """Say what is away, as the stream does, to pages that have none."""
    return web.Response(text=describe_status(request.app[ENVIRONMENT]), content_type="application/json")


def describe_status(environment: Environment) -> str:
    problems = {"kafka": environment.live.problem, "postgres": environment.database.problem}
    return msgspec.json.encode(problems).decode()


def frame_lines(environment: Environment, delivery: Delivery, most_rows: int) -> bytes:
    """Give the newest of the lines as they stand in the page, and how many more there were."""
    shown = delivery.arrivals[-most_rows:]
    rows = render(
        environment.templates,
        "parts/rows.html",
        lines=[arrival.line for arrival in reversed(shown)],
        now=environment.now(),
    )
    skipped = len(delivery.arrivals) - len(shown) + delivery.dropped
    data = msgspec.json.encode({"rows": rows, "count": len(shown), "skipped": skipped}).decode()
    return frame("lines", data, environment.broadcast.format_position(delivery.arrivals[-1].sequence))
