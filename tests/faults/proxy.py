"""A TCP proxy between a service and one of its servers, to break the connection between them.

It runs in its own thread and event loop, so a busy test does not slow it down. Its methods return when they have taken
effect.

    with Proxy("127.0.0.1", 5432) as proxy:
        proxy.latency_s = 0.15
        proxy.blackhole()
        proxy.restore()
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from typing import Self

from deploy.local.ports import HOST, free_port

CHUNK = 64 * 1024
CHUNKS_UNDER_WAY = 1024
REMEMBERED = 32
"""Bytes kept of what has passed, to find a text split over two chunks."""
RESET = struct.pack("ii", 1, 0)

Way = asyncio.Queue[tuple[float, bytes]]
"""The chunks under way in one direction, each with its arrival time."""


class Proxy:
    """Forwards bytes to the server and back. Each direction takes `latency_s`, however much is under way.

    `accepted` counts the connections of clients.
    """

    def __init__(self, host: str, port: int) -> None:
        self.latency_s = 0.0
        self.accepted = 0
        self.port = free_port()
        self.address = f"{HOST}:{self.port}"
        self._server = (host, port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy to {port}", daemon=True)
        self._flowing = asyncio.Event()
        self._listener: socket.socket | None = None
        self._lines: dict[asyncio.Task[None], tuple[socket.socket, socket.socket]] = {}
        self._breaks: Callable[[bytes, bytes], int | None] = never

    def __enter__(self) -> Self:
        self._thread.start()
        self.restore()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def blackhole(self) -> None:
        """Stop reading on old and new connections without closing them. Data sent meanwhile arrives after `restore`."""
        self._on_loop(self._blackhole())

    def cut(self) -> None:
        """Close all connections and refuse new ones."""
        self._on_loop(self._cut())

    def reset(self) -> None:
        """Reset all connections; accept new ones as before."""
        self._on_loop(self._reset())

    def break_at(self, text: bytes) -> None:
        """Reset the first connection whose client sends this text. Only the server receives it."""

        def breaks(before: bytes, data: bytes) -> int | None:
            found = (before + data).find(text, max(0, len(before) - len(text) + 1))
            return None if found < 0 else found + len(text) - len(before)

        self._breaks = breaks

    def break_after(self, count: int) -> None:
        """Reset one connection after `count` more client bytes over all connections: the one that sent the last."""
        left = count

        def breaks(_: bytes, data: bytes) -> int | None:
            nonlocal left
            left -= len(data)
            return len(data) + left if left <= 0 else None

        self._breaks = breaks

    def restore(self) -> None:
        """Forward everything again at once, and accept connections."""
        self.latency_s, self._breaks = 0.0, never
        self._on_loop(self._restore())

    def _on_loop(self, work: Coroutine[None, None, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _blackhole(self) -> None:
        self._flowing.clear()

    async def _restore(self) -> None:
        self._flowing.set()
        if self._listener is None:
            self._listener = socket.create_server((HOST, self.port), backlog=1024)
            self._listener.settimeout(0)
            # Not sock_accept: when its task is cancelled in the turn in which a client comes, nobody closes the client.
            self._loop.add_reader(self._listener, self._accept, self._listener)

    async def _cut(self) -> None:
        if self._listener is not None:
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        await ended(set(self._lines))

    async def _reset(self) -> None:
        for end in (end for ends in self._lines.values() for end in ends):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        await ended(set(self._lines))

    def _accept(self, listener: socket.socket) -> None:
        try:
            client, _ = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        self.accepted += 1
        server = socket.socket()
        for end in (client, server):
            end.settimeout(0)
        line = asyncio.create_task(self._carry_both(client, server))
        self._lines[line] = (client, server)
        line.add_done_callback(self._close)

    def _close(self, line: asyncio.Task[None]) -> None:
        for end in self._lines.pop(line):
            end.close()

    async def _carry_both(self, client: socket.socket, server: socket.socket) -> None:
        try:
            await self._flowing.wait()
            await self._loop.sock_connect(server, self._server)
            async with asyncio.TaskGroup() as group:
                for source, sink in ((client, server), (server, client)):
                    sink.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    under_way: Way = asyncio.Queue(CHUNKS_UNDER_WAY)
                    group.create_task(self._take(source, under_way))
                    group.create_task(self._give(under_way, sink, breakable=sink is server))
        except* OSError:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    async def _take(self, source: socket.socket, under_way: Way) -> None:
        data = b"-"
        while data:
            await self._flowing.wait()
            data = await self._loop.sock_recv(source, CHUNK)
            await under_way.put((self._loop.time() + self.latency_s, data))

    async def _give(self, under_way: Way, sink: socket.socket, *, breakable: bool) -> None:
        before = b""
        while True:
            due, data = await under_way.get()
            await asyncio.sleep(due - self._loop.time())
            await self._flowing.wait()
            if not data:
                sink.shutdown(socket.SHUT_WR)
                return
            end = self._breaks(before, data) if breakable else None
            await self._loop.sock_sendall(sink, data[:end])
            if end is not None:
                self._breaks = never
                raise ConnectionResetError
            before = (before + data)[-REMEMBERED:]


def never(_: bytes, __: bytes) -> int | None:
    return None


async def ended(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
