"""Sends load from a separate process, with little work of its own so that it measures the service.

    python -m tests.faults.load_burst scan PORT SECONDS RATE      random codes, many requests at once on each connection
    python -m tests.faults.load_burst visit PORT SECONDS RATE CODES      c0, c1, ... c{CODES - 1}, one at a time

Both are open loops at so many requests a second, as far as the service keeps up; they print `BurstResult` as JSON.
The target of the code `c7` must be `https://shop.example/c7`.
"""

import asyncio
import itertools
import os
import selectors
import socket
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from random import Random
from typing import Final

import msgspec

HOST: Final = "127.0.0.1"
CONNECTIONS: Final = 32
DEPTH: Final = 8
"""Requests sent at once on a connection: saves system calls here without overloading the service."""
VISITORS: Final = 16
HEAD: Final = b"GET /ref/"
TAIL: Final = b" HTTP/1.1\r\nHost: go.shop.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) Firefox/143.0\r\n\r\n"
STATUS: Final = b"HTTP/1.1 "
RANDOM_BYTES: Final = 8


class BurstResult(msgspec.Struct, frozen=True):
    """Answers by status, wrong targets, duration in seconds, and answer times in milliseconds."""

    statuses: dict[int, int]
    wrong: int
    seconds: float
    p50_ms: float = 0.0
    p99_ms: float = 0.0

    @property
    def per_second(self) -> float:
        return sum(self.statuses.values()) / self.seconds


async def run_burst(kind: str, *arguments: float) -> BurstResult:
    """Run a burst in its own process and return the result."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, kind, *map(str, arguments), stdout=asyncio.subprocess.PIPE
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, f"{kind} failed"
    return msgspec.json.decode(output, type=BurstResult)


class PipelinedConnection:
    """A connection with several unanswered requests."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection((HOST, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.awaited = 0
        self._tail = b""

    def ask(self, codes: list[bytes]) -> None:
        self.awaited = len(codes)
        self.socket.sendall(b"".join([HEAD + code + TAIL for code in codes]))

    def count(self, statuses: Counter[int]) -> None:
        """Count the answers that begin in the received bytes."""
        received = self.socket.recv(1 << 20)
        assert received, "the service closed a connection"
        data = self._tail + received
        for status in (302, 404, 503, 500, 429):
            found = data.count(STATUS + b"%d" % status)
            statuses[status] += found
            self.awaited -= found
        # Keep a tail too short for a whole status line, so nothing is counted twice.
        self._tail = data[-len(STATUS) - 2 :]


def scan(port: int, seconds: float, rate: float) -> BurstResult:
    """Request random codes, each once."""
    lines = [PipelinedConnection(port) for _ in range(CONNECTIONS)]
    statuses: Counter[int] = Counter()
    selector = selectors.DefaultSelector()
    for line in lines:
        selector.register(line.socket, selectors.EVENT_READ, line)
    began = time.perf_counter()
    asked = 0
    while (elapsed := time.perf_counter() - began) < seconds:
        for line in lines:
            if line.awaited == 0 and asked < elapsed * rate:
                line.ask([os.urandom(RANDOM_BYTES).hex().encode() for _ in range(DEPTH)])
                asked += DEPTH
        for key, _ in selector.select(0.002):
            key.data.count(statuses)
    elapsed = time.perf_counter() - began
    return BurstResult({status: count for status, count in statuses.items() if count}, 0, elapsed)


def visit(port: int, seconds: float, rate: float, codes: float) -> BurstResult:
    """Request known codes in random order. Waiting for a free connection counts as answer time."""
    lines = [PipelinedConnection(port) for _ in range(VISITORS)]
    # Use connections in turn, so that none is closed for being idle.
    idle, busy = deque(lines), dict[PipelinedConnection, tuple[float, bytes]]()
    selector = selectors.DefaultSelector()
    for line in lines:
        selector.register(line.socket, selectors.EVENT_READ, line)
    statuses: Counter[int] = Counter()
    wrong, milliseconds = 0, list[float]()
    wanted = cycle_codes(int(codes))
    began = time.perf_counter()
    for number in itertools.count():
        due = began + number / rate
        if due >= began + seconds:
            break
        while (wait := due - time.perf_counter()) > 0 or not idle:
            for key, _ in selector.select(max(wait, 0.0) if idle else 1.0):
                line = key.data
                answer = line.socket.recv(1 << 16)
                asked_at, code = busy.pop(line)
                milliseconds.append((time.perf_counter() - asked_at) * 1000)
                statuses[int(answer[9:12])] += 1
                wrong += answer.startswith(STATUS + b"302") and not has_location(answer, code)
                idle.append(line)
        line, code = idle.popleft(), next(wanted)
        busy[line] = (due, code)
        line.ask([code])
    ordered = sorted(milliseconds)
    return BurstResult(
        dict(statuses),
        wrong,
        time.perf_counter() - began,
        ordered[len(ordered) // 2],
        ordered[len(ordered) * 99 // 100],
    )


def cycle_codes(codes: int) -> Iterator[bytes]:
    """Yield all codes in random order, again and again."""
    numbers = list(range(codes))
    Random(1).shuffle(numbers)
    return itertools.cycle(b"c%d" % number for number in numbers)


def has_location(answer: bytes, code: bytes) -> bool:
    return b"\r\nLocation: https://shop.example/%b\r\n" % code in answer


if __name__ == "__main__":
    kind, port, *numbers = sys.argv[1:]
    flooded = (scan if kind == "scan" else visit)(int(port), *map(float, numbers))
    sys.stdout.write(msgspec.json.encode(flooded).decode())
