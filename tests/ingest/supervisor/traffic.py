"""Visitors who come for as long as a block lasts, on connections they keep and on fresh ones, and never try again."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.ingest.wire import Answer, read_answers, request
from tests.waiting import PATIENCE_S

PAUSE_S = 0.02
TARGET = "/ref/abc123"


class Connection:
    """A connection of one visitor."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, *, last: bool) -> Answer:
        """Make a visit; raise EOFError or OSError when it is not answered."""
        self._writer.write(request(TARGET, last=last))
        head = await self._reader.readuntil(b"\r\n\r\n")
        (answer,) = read_answers(head)
        await self._reader.readexactly(int(answer.headers.get("Content-Length", 0)))
        return answer

    def close(self) -> None:
        self._writer.close()


async def connect(port: int) -> Connection:
    return Connection(*await asyncio.open_connection("127.0.0.1", port))


class Traffic:
    """What became of all visits: `answers` in no order, and how many were `refused` a connection or `unanswered`.

    `failed_at` is the time of the first of those (`time.monotonic`), null while there is none.
    """

    def __init__(self, port: int) -> None:
        self.answers: list[Answer] = []
        self.refused = 0
        self.unanswered = 0
        self.failed_at: float | None = None
        self._port = port
        self._going = True

    def stop(self) -> None:
        self._going = False

    async def keep_coming(self, *, fresh: bool) -> None:
        """Visit again and again, on a new connection each time or on one for as long as the server keeps it."""
        while self._going:
            try:
                connection = await connect(self._port)
            except ConnectionError:
                # Reset, not refused, when the port is closed while the connection is being made.
                self.refused += 1
                self._note_failure()
            else:
                await self._use(connection, fresh=fresh)
            await asyncio.sleep(PAUSE_S)

    async def until(self, count: int) -> None:
        """Wait until so many more visits were answered."""
        wanted = len(self.answers) + count
        async with asyncio.timeout(PATIENCE_S):
            while len(self.answers) < wanted:
                await asyncio.sleep(0.01)

    async def _use(self, connection: Connection, *, fresh: bool) -> None:
        try:
            while self._going:
                async with asyncio.timeout(PATIENCE_S):
                    answer = await connection.ask(last=fresh)
                self.answers.append(answer)
                if answer.headers.get("Connection") == "close":
                    break
                await asyncio.sleep(PAUSE_S)
        except (EOFError, OSError):
            self.unanswered += 1
            self._note_failure()
        finally:
            connection.close()

    def _note_failure(self) -> None:
        if self.failed_at is None:
            self.failed_at = time.monotonic()


@asynccontextmanager
async def coming(port: int, visitors: int = 4) -> AsyncIterator[Traffic]:
    """Let as many visitors come on kept connections, and as many on fresh ones."""
    traffic = Traffic(port)
    async with asyncio.TaskGroup() as group:
        for number in range(2 * visitors):
            group.create_task(traffic.keep_coming(fresh=number % 2 == 0))
        try:
            yield traffic
        finally:
            traffic.stop()
