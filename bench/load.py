"""Load: requests on keep-alive connections, as fast as they are answered or at a given rate.

As a process of its own it leaves the servers' CPU time alone: `python -m bench.load URL SECONDS CONNECTIONS [RATE]`
prints `Load` as JSON. Requests are rendered once and vary in user agent and client address, and in code where several
are given: `... RATE CODE,CODE`.
"""

import asyncio
import itertools
import re
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final, cast
from urllib.parse import urlsplit

import msgspec
import uvloop

CHROME: Final = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0"
SAFARI: Final = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.{v}"
USER_AGENTS: Final = (
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) {SAFARI} Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (Linux; Android 15; Pixel 9) {CHROME} Mobile Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:{v}.0) Gecko/20100101 Firefox/{v}.0",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {SAFARI} Safari/605.1.15",
)
VARIANTS: Final = 60_000
"""Visitors: fewer would click many times within a minute, as people do not."""
REDIRECT: Final = 302
PAUSE_S: Final = 0.001
NO_BODY: Final = b"HTTP/1.1 302 "
LENGTH: Final = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


class Load(msgspec.Struct, frozen=True):
    """What was answered, by status; seconds it took; milliseconds to an answer, for half and for 99 % of them.

    An answer's time begins when the request was due. `served_*` begins when it was sent, without the wait for a free
    connection in a load that has too few, and is of redirects alone. `lag_p99_ms`: how late the load itself woke up to
    send and to read, which is part of all other times.
    """

    statuses: dict[int, int]
    seconds: float
    p50_ms: float
    p99_ms: float
    served_p50_ms: float
    served_p99_ms: float
    lag_p99_ms: float


def render(host: str, codes: Sequence[str] = ("demo",)) -> list[bytes]:
    """Give requests that differ in user agent and client address, and follow the codes in turns."""
    return [
        (
            f"GET /ref/{codes[number % len(codes)]} HTTP/1.1\r\nHost: {host}\r\n"
            f"User-Agent: {USER_AGENTS[number % len(USER_AGENTS)].format(v=100 + number % 43)}\r\n"
            f"X-Forwarded-For: {20 + number % 150}.{number * 7 % 256}.{number * 13 % 256}.{1 + number % 250}\r\n"
            "Accept-Language: en-GB,en;q=0.9\r\nReferer: https://www.google.com/\r\n\r\n"
        ).encode()
        for number in range(VARIANTS)
    ]


class HttpConnection(asyncio.Protocol):
    """A connection that sends its next request when the last one is answered."""

    def __init__(self, load: "LoadRun") -> None:
        self._load = load
        self._due = self._sent = 0.0
        self._received = b""
        self._is_waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods and not the class.
        self._transport = cast("asyncio.Transport", transport)
        self._load.release(self)

    @property
    def is_closed(self) -> bool:
        return self._transport.is_closing()

    def send(self, due: float) -> None:
        self._due, self._sent = due, time.perf_counter()
        self._is_waiting = True
        self._transport.write(next(self._load.requests))

    def data_received(self, data: bytes) -> None:
        self._received += data
        if is_complete(self._received):
            status = int(self._received[9:12])
            self._received = b""
            self._is_waiting = False
            now = time.perf_counter()
            self._load.count(status, (now - self._due) * 1000, (now - self._sent) * 1000)
            self._load.release(self)

    def connection_lost(self, _: Exception | None) -> None:
        if self._is_waiting:
            self._load.count(0, 0.0, 0.0)


def is_complete(answer: bytes) -> bool:
    """Tell whether an answer has arrived with all of its body. A redirect has none."""
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end or head.startswith(NO_BODY):
        return bool(end)
    length = LENGTH.search(head)
    return length is None or len(body) >= int(length[1])


class LoadRun:
    """One load. Without a rate a free connection sends at once; with one it waits for the next due time."""

    def __init__(self, requests: Iterator[bytes], rate: float | None) -> None:
        self.requests = requests
        self.statuses: dict[int, int] = {}
        self.milliseconds: list[float] = []
        self.served: list[float] = []
        self.lags: list[float] = []
        self._rate = rate
        # Used in turns, so that no server closes one for being idle.
        self._idle: deque[HttpConnection] = deque()
        self._ended = False

    def count(self, status: int, milliseconds: float, served: float) -> None:
        if not self._ended:
            self.statuses[status] = self.statuses.get(status, 0) + 1
            self.milliseconds.append(milliseconds)
            if status == REDIRECT:
                self.served.append(served)

    def release(self, connection: HttpConnection) -> None:
        if self._rate is None and not self._ended:
            connection.send(time.perf_counter())
        else:
            self._idle.append(connection)

    async def pace(self, seconds: float) -> None:
        """Send at the rate, open loop: a request that finds no free connection is sent late, and its wait counts."""
        started = woken = time.perf_counter()
        sent = 0
        while (elapsed := woken - started) < seconds:
            while self._rate is not None and sent < elapsed * self._rate and self._idle:
                connection = self._idle.popleft()
                if not connection.is_closed:
                    connection.send(started + sent / self._rate)
                    sent += 1
            slept = time.perf_counter()
            await asyncio.sleep(PAUSE_S)
            woken = time.perf_counter()
            self.lags.append((woken - slept - PAUSE_S) * 1000)
        self._ended = True


async def run_load(
    url: str, seconds: float, connections: int, rate: float | None, codes: Sequence[str] = ("demo",)
) -> Load:
    parts = urlsplit(url)
    assert parts.hostname
    run = LoadRun(itertools.cycle(render(parts.netloc, codes)), rate)
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    for _ in range(connections):
        await loop.create_connection(lambda: HttpConnection(run), parts.hostname, parts.port or 80)
    await run.pace(seconds)
    seconds = time.perf_counter() - started
    half, most = (find_percentile(run.milliseconds, percent) for percent in (50, 99))
    served_half, served_most = (find_percentile(run.served, percent) for percent in (50, 99))
    lag = find_percentile(run.lags, 99)
    return Load(run.statuses, seconds, half, most, served_half, served_most, lag)


def find_percentile(values: Sequence[float], percent: int) -> float:
    """Give the value that so many percent of them do not exceed; 0 without any."""
    ordered = sorted(values) or [0.0]
    return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)]


def main() -> None:
    url, seconds, connections, *more = sys.argv[1:]
    rate = float(more[0]) if more else None
    codes = more[1].split(",") if len(more) > 1 else ["demo"]
    given = uvloop.run(run_load(url, float(seconds), int(connections), rate, codes))
    print(msgspec.json.encode(given).decode())


if __name__ == "__main__":
    main()
