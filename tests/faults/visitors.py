"""Visitors of a pipeline under test: they follow links at a fixed rate and record the click id of every answer.

Each keeps its own connection open and sends every request that is due, even late: after a pause of the service they
send all missed requests. They only record answers; `oracles` checks them.
"""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing
from types import MappingProxyType
from typing import Final

from identity.cookie import CookieKeys, OpenedCookie, open_cookie
from identity.keyfile import read_ring
from tests.ingest.wire import Answer, read_answers, request
from tests.pipeline import Pipeline
from tests.waiting import PATIENCE_S

TARGETS: Final = {"abc123": "https://shop.example/shoes"}
"""The targets of the codes in `tests.pipeline.DEMO`."""
CONNECTIONS: Final = 16
REST_S: Final = 0.02


class Visitors:
    """`answered` holds the ids of answered clicks, with repeats.

    `unanswered` counts requests whose connection ended before the answer: their clicks may or may not be stored.
    `turned_away` counts refused connections. `wrong` holds answers with a wrong target or without our cookie.
    `waits_ms` holds each answer's delay, from when the request was due. Each request has the header `fields`.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        targets: Mapping[str, str] = TARGETS,
        fields: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.answered: list[str] = []
        self.statuses: Counter[int] = Counter()
        self.unanswered = self.turned_away = 0
        self.wrong: list[Answer] = []
        self.waits_ms: list[float] = []
        self._port = pipeline.port
        self._keys = CookieKeys(read_ring(pipeline.folder / "keys.json"))
        self._asked = itertools.cycle(
            (request(f"/ref/{code}", fields, last=False), target) for code, target in targets.items()
        )

    async def click(self, count: int = 1, connections: int = CONNECTIONS) -> None:
        """Make `count` visits, as fast as they are answered."""
        left = iter(range(count))
        await asyncio.gather(*(self._visit_for_each(left) for _ in range(min(count, connections))))

    @asynccontextmanager
    async def visiting(self, rate: float, connections: int = CONNECTIONS) -> AsyncIterator[None]:
        """Make `rate` visits a second while the block runs, then wait for pending answers."""
        start, ended = time.perf_counter(), asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for number in range(connections):
                due = itertools.count(start + number / rate, connections / rate)
                group.create_task(self._visit_until(ended, due))
            try:
                yield
            finally:
                ended.set()

    def p99_ms(self) -> float:
        waits = sorted(self.waits_ms)
        return waits[len(waits) * 99 // 100]

    async def _visit_for_each(self, left: Iterator[int]) -> None:
        with closing(Connection(self._port)) as connection:
            for _ in left:
                await self._visit(connection, time.perf_counter())

    async def _visit_until(self, ended: asyncio.Event, due: Iterator[float]) -> None:
        with closing(Connection(self._port)) as connection:
            for moment in due:
                await asyncio.sleep(moment - time.perf_counter())
                if ended.is_set():
                    break
                await self._visit(connection, moment)

    async def _visit(self, connection: "Connection", due: float) -> None:
        asked, target = next(self._asked)
        try:
            await connection.open()
        except OSError:
            self.turned_away += 1
            await asyncio.sleep(REST_S)
            return
        try:
            answer = await connection.ask(asked)
        except (OSError, asyncio.IncompleteReadError):
            self.unanswered += 1
            connection.close()
            return
        self.waits_ms.append((time.perf_counter() - due) * 1000)
        self._write_down(answer, target)
        if answer.headers.get("Connection", "").lower() == "close":
            connection.close()

    def _write_down(self, answer: Answer, target: str) -> None:
        self.statuses[answer.status] += 1
        if answer.status != 302:
            return
        opened = open_cookie(self._keys, *(answer.cookie or ("", "")), int(time.time()))
        if answer.location == target and isinstance(opened, OpenedCookie):
            self.answered.append(opened.click_id)
        else:
            self.wrong.append(answer)


class Connection:
    """A connection that is opened on first use."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def open(self) -> None:
        """Connect unless connected. Raises OSError."""
        if self._streams is not None and self._streams[0].at_eof():
            self.close()
        if self._streams is None:
            async with asyncio.timeout(PATIENCE_S):
                self._streams = await asyncio.open_connection("127.0.0.1", self._port)

    async def ask(self, asked: bytes) -> Answer:
        """Send a request and return its answer. Raises OSError, IncompleteReadError, and TimeoutError after 30 s."""
        assert self._streams is not None
        reader, writer = self._streams
        writer.write(asked)
        async with asyncio.timeout(PATIENCE_S):
            head = await reader.readuntil(b"\r\n\r\n")
            (answer,) = read_answers(head)
            await reader.readexactly(int(answer.headers.get("Content-Length", 0)))
        return answer

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
