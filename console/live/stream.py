"""The live view of one browser: server-sent events, a few per second however many clicks arrive."""

import asyncio
from contextlib import suppress
from typing import Final

import msgspec
from aiohttp import hdrs, web

from console.auth.guard import read_session
from console.clicks.asked import read_stream_filters
from console.clicks.find import forget_erased
from console.clicks.picks import Picks
from console.database import DatabaseAway
from console.environment import ENVIRONMENT, Environment
from console.live.broadcast import Delivery
from console.live.sse import ask_to_retry_after, frame
from console.web.rendering import render
from runtime.errors import DependencyAway

PACE_S: Final = 0.4
"""The pause between two events: a page that changes more often is hard to read and use."""
WAIT_S: Final = 1.0
HEARTBEAT_S: Final = 15.0
RETRY_MS: Final = 2000
MOST_ROWS: Final = 12
"""The most lines in one event: about thirty a second. Further lines are only counted."""
FIRST_ROWS: Final = 100
"""The most lines in the first event, for a browser that reconnects after missing some."""
MOST_BROWSERS: Final = 100

HEADERS: Final = {hdrs.CONTENT_TYPE: "text/event-stream", hdrs.CACHE_CONTROL: "no-store", "X-Accel-Buffering": "no"}


async def stream_clicks(request: web.Request) -> web.StreamResponse:
    """Send events until the browser disconnects, the session ends or the process stops."""
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
        # The browser disconnected: the normal end of a stream.
        pass
    return response


async def send_until_over(request: web.Request, response: web.StreamResponse, after: str) -> None:
    environment: Environment = request.app[ENVIRONMENT]
    loop = asyncio.get_running_loop()
    sent: str | None = None
    sent_at, most_rows = 0.0, FIRST_ROWS
    view, filters = await read_stream_filters(environment, request.query)
    picks = Picks(view)
    with suppress(DatabaseAway):
        await forget_erased(environment, filters)
    with environment.broadcast.subscribe(filters, after) as subscription:
        while not subscription.closed and await is_logged_in(request):
            status = describe_status(environment)
            if status != sent or loop.time() - sent_at > HEARTBEAT_S:
                await response.write(frame("status", status))
                sent, sent_at = status, loop.time()
            delivery = await subscription.receive(WAIT_S)
            if delivery.arrivals:
                await response.write(frame_lines(environment, picks, delivery, most_rows))
                await asyncio.sleep(PACE_S)
            most_rows = MOST_ROWS


async def is_logged_in(request: web.Request) -> bool:
    try:
        return await read_session(request) is not None
    except DependencyAway:
        # The session is not cached and PostgreSQL is away: end the stream; the browser reconnects and gets the reason.
        return False


async def show_status(request: web.Request) -> web.Response:
    """Report what is away, for pages without a stream."""
    return web.Response(text=describe_status(request.app[ENVIRONMENT]), content_type="application/json")


def describe_status(environment: Environment) -> str:
    problems = {"kafka": environment.live.problem, "postgres": environment.database.problem}
    return msgspec.json.encode(problems).decode()


def frame_lines(environment: Environment, picks: Picks, delivery: Delivery, most_rows: int) -> bytes:
    """Make an event of the newest lines, as HTML, and the number of lines left out."""
    shown = delivery.arrivals[-most_rows:]
    rows = render(
        environment.templates,
        "clicks/rows.html",
        lines=[arrival.line for arrival in reversed(shown)],
        picks=picks,
        anchor=None,
        now=environment.now(),
    )
    skipped = len(delivery.arrivals) - len(shown) + delivery.dropped
    data = msgspec.json.encode({"rows": rows, "count": len(shown), "skipped": skipped}).decode()
    return frame("lines", data, environment.broadcast.format_position(delivery.arrivals[-1].sequence))
