"""A worker: the redirect service on a socket that its supervisor holds, and a line to that.

    python -m ingest.supervisor.worker SLOT LISTENER LIFELINE WAIT_S

LISTENER and LIFELINE are open files it has inherited. Its private port is the supervisor's, plus 1, plus its slot.
"""

import asyncio
import errno
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final

import msgspec
import structlog

from ingest.environment import Environment, open_environment
from ingest.service import checks, public_port
from ingest.settings import Settings
from ingest.supervisor.reports import BEAT_S, STOPPING, WORKER, Report, write_report
from runtime.background import in_background
from runtime.health import private_port
from runtime.process import run

log = structlog.get_logger()

TICK_S: Final = 0.05
MOST_UNREAD: Final = 64 * 1024
"""Bytes that wait for a supervisor to read them."""


class Post(msgspec.Struct, frozen=True):
    """What a supervisor gives its worker: a slot, two open files, and how long it may wait for the codes."""

    slot: int
    listener: int
    lifeline: int
    wait_s: float


class State:
    """What a worker reports."""

    def __init__(self, env: Environment, stop: asyncio.Event) -> None:
        self.listening = False
        self._env = env
        self._stop = stop

    def knows_codes(self) -> bool:
        return not any(checks(self._env).values())

    def report(self) -> Report:
        return {
            **checks(self._env),
            "public port": None if self.listening else "not open yet",
            WORKER: STOPPING if self._stop.is_set() else None,
        }


async def work(post: Post, settings: Settings, stop: asyncio.Event) -> None:
    """Redirect until `stop` is set or the supervisor is gone; then end as the service does."""
    # It is for the supervisor alone, which starts us with it blocked; one of an older release does not.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    structlog.contextvars.bind_contextvars(worker=post.slot)
    listener = socket.socket(fileno=post.listener)
    async with lifeline(post.lifeline, stop) as writer, open_environment(settings) as env:
        state = State(env, stop)
        async with in_background(report(writer, state.report), show(env, settings.private_port, post.slot)):
            await prepare(state, stop, post.wait_s)
            async with public_port(env, listener) as port:
                state.listening = True
                log.info("listening", port=port, region=settings.region)
                await stop.wait()
                # Without a visitor to wait for, the end comes before the next report does.
                tell(writer, state.report())


async def prepare(state: State, stop: asyncio.Event, seconds: float) -> None:
    """Wait until the codes can be known, at most so long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not (state.knows_codes() or stop.is_set()):  # noqa: ASYNC110 - the lookup knows, and tells nobody
                await asyncio.sleep(TICK_S)


@asynccontextmanager
async def lifeline(number: int, stop: asyncio.Event) -> AsyncIterator[asyncio.StreamWriter]:
    """Give the line to the supervisor. Its end sets `stop`."""
    reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=number))

    async def follow() -> None:
        with suppress(OSError):
            await reader.read()
        log.warning("the supervisor is gone")
        stop.set()

    async with in_background(follow()):
        yield writer
    writer.close()


async def report(writer: asyncio.StreamWriter, describe: Callable[[], Report]) -> None:
    """Tell the supervisor how it is: whenever that has changed, and every BEAT_S anyway; for ever."""
    clock = asyncio.get_running_loop().time
    told, due = None, 0.0
    while True:
        now = describe()
        if now != told or clock() >= due:
            tell(writer, now)
            told, due = now, clock() + BEAT_S
        await asyncio.sleep(TICK_S)


def tell(writer: asyncio.StreamWriter, what: Report) -> None:
    # Writing to one that is gone is an error; to one that is stopped it would add up. In a second it is said again.
    if not writer.is_closing() and writer.transport.get_write_buffer_size() < MOST_UNREAD:
        writer.write(write_report(what))


async def show(env: Environment, supervisors_port: int, slot: int) -> None:
    """Keep the private port open, for ever: from when the worker before us, which may still drain, has closed it."""
    host, port = env.settings.private_host, supervisors_port and supervisors_port + 1 + slot
    while True:
        try:
            async with private_port(host, port, env.registry, lambda: checks(env)):
                await asyncio.get_running_loop().create_future()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            log.debug("private port is taken", port=port)
        await asyncio.sleep(TICK_S)


if __name__ == "__main__":
    slot, listening, line, wait = sys.argv[1:]
    run("ingest", Settings, partial(work, Post(int(slot), int(listening), int(line), float(wait))))
