"""Sends planned requests, each at its time, and counts the answers. Shell."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable
from time import perf_counter as clock
from typing import Final
from urllib.parse import urlsplit

import msgspec

from simulate.cookie_jar import CookieJar
from simulate.http_connection import BadAnswer, Closed, HttpConnection, Target, open_connection
from simulate.ledger import Answer, Ledger, Pace, Tally
from simulate.planned import DEFAULT_URL, Planned
from simulate.wire import Head, write_request

OnAnswer = Callable[[Planned, Answer], object]

ERRORS: Final[tuple[tuple[type[OSError], str], ...]] = (
    (TimeoutError, "timeout"),
    (Closed, "closed"),
    (BadAnswer, "bad_answer"),
    (ConnectionRefusedError, "refused"),
    (ConnectionError, "reset"),
    (socket.gaierror, "unknown_host"),
    (ssl.SSLError, "tls"),
    (OSError, "unreachable"),
)
"""The name of each failure; the first class that matches."""


SHORTEST_S: Final = 0.001
"""uvloop turns a shorter sleep into none, which would make waiting a busy loop."""

LONGEST_S: Final = 0.1
"""How long a stop may take to be noticed."""


class SendOptions(msgspec.Struct, frozen=True, kw_only=True):
    """`rate` is requests a second, None: as fast as `connections` allow. `timeout_s` is for one request.

    With `speed`, each request is sent at its own time (`Planned.at_s`), so many times as fast, and `rate` is ignored.
    """

    url: str = DEFAULT_URL
    rate: float | None = 200.0
    speed: float | None = None
    connections: int = 128
    timeout_s: float = 10.0


def read_target(url: str) -> Target:
    """Parse the stack's URL, as in `http://127.0.0.1:8080`. Raises ValueError that says what is wrong with it."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise ValueError(f"{url!r} is no address of a stack: give one as http://127.0.0.1:8080")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError(f"{url!r} says more than where the stack is: links are made by --codes")
    tls = ssl.create_default_context() if parts.scheme == "https" else None
    return Target(parts.hostname, parts.port or (443 if tls else 80), parts.netloc, tls)


def name_error(error: OSError) -> str:
    return next(name for kind, name in ERRORS if isinstance(error, kind))


async def send(
    plan: Iterable[Planned], sending: SendOptions, on_answer: OnAnswer | None = None, stop: asyncio.Event | None = None
) -> Ledger:
    """Send the plan until its end or until `stop` is set, and wait for the answers.

    Open loop: request n is sent n / rate seconds after the first, or at its own time, whatever happened to those before
    it. A late request (no free connection, or a busy machine) is sent at once. Nothing is sent twice. `on_answer` is
    called for each request when it is answered or has failed; an exception of it ends everything. Raises ValueError for
    a wrong URL.
    """
    sender = Sender(sending, on_answer, stop or asyncio.Event())
    started = clock()
    try:
        async with asyncio.TaskGroup() as group:
            await sender.pace(plan, group)
            sent_until = clock()
    except ExceptionGroup as group:
        raise group.exceptions[0] from None
    finally:
        sender.close()
    seconds = clock() - started
    rate = None if sending.speed else sending.rate
    # The last request takes its share of the time too: two requests at 1 a second take two seconds.
    sending_s = sent_until - started + 1 / rate if rate else seconds
    pace = Pace(rate=rate, speed=sending.speed)
    return sender.tally.close(seconds, sending_s, pace, interrupted=sender.interrupted)


class Sender:
    """Call `pace` once, then `close`."""

    def __init__(self, sending: SendOptions, on_answer: OnAnswer | None, stop: asyncio.Event) -> None:
        self.tally = Tally()
        self.interrupted = False
        self._sending = sending
        self._target = read_target(sending.url)
        self._on_answer = on_answer
        self._stop = stop
        self._cookie_jar = CookieJar()
        self._free = asyncio.Semaphore(sending.connections)
        self._idle: list[HttpConnection] = []

    async def pace(self, plan: Iterable[Planned], group: asyncio.TaskGroup) -> None:
        """Start every request at its time."""
        started = clock()
        for number, planned in enumerate(plan):
            after_s = self._after_s(number, planned)
            if after_s is not None:
                await self._wait(started + after_s)
            self.interrupted = self._stop.is_set()
            if self.interrupted:
                return
            await self._free.acquire()
            group.create_task(self._ask(planned, clock() if after_s is None else started + after_s))

    def _after_s(self, number: int, planned: Planned) -> float | None:
        """Return how long after the start this request is due; None: as soon as a connection is free."""
        if self._sending.speed:
            return (planned.at_s or 0.0) / self._sending.speed
        return number / self._sending.rate if self._sending.rate else None

    async def _wait(self, due: float) -> None:
        while (left := due - clock()) > 0 and not self._stop.is_set():  # noqa: ASYNC110 - waits for a time, and checks `stop` on the way
            await asyncio.sleep(min(max(left, SHORTEST_S), LONGEST_S))

    def close(self) -> None:
        for connection in self._idle:
            connection.close()

    async def _ask(self, planned: Planned, due: float) -> None:
        request = write_request(planned, self._target.authority, self._cookie_jar.cookie_of(planned.visitor))
        sent = clock()
        head, error = None, None
        try:
            async with asyncio.timeout(self._sending.timeout_s):
                head = await self._exchange(planned.method, request)
        except OSError as failure:
            error = name_error(failure)
        finally:
            self._free.release()
        ms, late_ms = (clock() - sent) * 1000, max(sent - due, 0.0) * 1000
        self._count(planned, make_answer(head, error, ms, late_ms))

    async def _exchange(self, method: str, request: bytes) -> Head:
        connection = self._take_idle() or await open_connection(self._target)
        head = await connection.ask(method, request)
        # Last in, first out: few connections stay in use, and the others are closed by the server when idle.
        if connection.usable:
            self._idle.append(connection)
        return head

    def _take_idle(self) -> HttpConnection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
        return None

    def _count(self, planned: Planned, answer: Answer) -> None:
        self._cookie_jar.keep(planned.visitor, answer.set_cookies)
        self.tally.count(planned, answer)
        if self._on_answer is not None:
            self._on_answer(planned, answer)


def make_answer(head: Head | None, error: str | None, ms: float, late_ms: float) -> Answer:
    if head is None:
        return Answer(ms=ms, late_ms=late_ms, error=error)
    return Answer(ms=ms, late_ms=late_ms, status=head.status, location=head.location, set_cookies=head.set_cookies)
