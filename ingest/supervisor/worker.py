"""A worker: the redirect service on a socket that its supervisor holds, and a line to that.

    python -m ingest.supervisor.worker SLOT LISTENER LIFELINE WAIT_S

LISTENER and LIFELINE are open files it has inherited. Its private port is the supervisor's, plus 1, plus its slot.
"""

import asyncio
import math
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final

import msgspec
import structlog
from prometheus_client import CollectorRegistry

from ingest.environment import open_environment
from ingest.readiness import Readiness
from ingest.service import PRIVATE, public_port
from ingest.settings import Settings
from ingest.supervisor.heartbeat import BEAT_S, LEAVE, STOPPING, WORKER, Report, write_report
from runtime.backoff import sleep_unless
from runtime.endpoint import Endpoint
from runtime.errors import CannotListen
from runtime.health import serve_private_port
from runtime.metrics import make_registry
from runtime.process import clickrail_version, run
from runtime.task_scope import task_scope

log = structlog.get_logger()

TICK_S: Final = 0.05
WORD_S: Final = 2.0
"""How much longer a worker waits for the word to leave, where its supervisor was asked to stop at the same time."""
TAKEN_S: Final = 15.0
"""A worker that drains has closed its port so soon: after that somebody else has it."""
MOST_UNREAD: Final = 64 * 1024
"""Bytes that wait for a supervisor to read them."""


class Post(msgspec.Struct, frozen=True):
    """What a supervisor gives its worker: a slot, two open files, and how long it may wait for the codes."""

    slot: int
    listener: int
    lifeline: int
    wait_s: float


class State:
    """What a worker reports. `leaving` is said from when it takes no more connections."""

    def __init__(self, readiness: Readiness) -> None:
        self.listening = False
        self.leaving = False
        self._readiness = readiness

    def knows_codes(self) -> bool:
        return not any(self._readiness.problems().values())

    def report(self) -> Report:
        return {
            **self._readiness.problems(),
            **self._readiness.degraded(),
            "public port": None if self.listening else "not open yet",
            WORKER: STOPPING if self.leaving else None,
        }


async def work(post: Post, settings: Settings, stop: asyncio.Event) -> None:
    """Redirect until `stop` is set, and on for as long as balancers need, unless told to leave; then end in good order.

    Told by the supervisor, which has waited for the balancers itself.
    """
    # It is for the supervisor alone, which starts us with it blocked; one of an older release does not.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    structlog.contextvars.bind_contextvars(worker=post.slot)
    listener, leave = socket.socket(fileno=post.listener), asyncio.Event()
    registry, readiness = make_registry("ingest", clickrail_version()), Readiness(stop)
    async with (
        lifeline(post.lifeline, stop, leave, settings.drain_s) as writer,
        task_scope(show(registry, readiness, settings, post.slot)),
        open_environment(settings, registry) as env,
    ):
        readiness.env, state = env, State(readiness)
        async with task_scope(report(writer, state.report)):
            await prepare(state, stop, post.wait_s)
            async with public_port(env, listener) as port:
                state.listening = True
                log.info("listening", port=port, region=settings.region)
                await stop.wait()
                await sleep_unless(leave.is_set, settings.drain_s + WORD_S)
                state.leaving = True
                # Without a visitor to wait for, the end comes before the next report does.
                tell(writer, state.report())


async def prepare(state: State, stop: asyncio.Event, seconds: float) -> None:
    """Wait until the codes can be known, at most so long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not (state.knows_codes() or stop.is_set()):  # noqa: ASYNC110 - the lookup knows, and tells nobody
                await asyncio.sleep(TICK_S)


@asynccontextmanager
async def lifeline(
    number: int, stop: asyncio.Event, leave: asyncio.Event, drain_s: float
) -> AsyncIterator[asyncio.StreamWriter]:
    """Give the line to the supervisor. Its word sets `stop` and `leave`; its end too, `leave` after `drain_s`."""
    reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=number))

    async def follow() -> None:
        line = b""
        with suppress(OSError):
            line = await reader.readline()
        stop.set()
        if line != LEAVE:
            log.warning("the supervisor is gone")
            await asyncio.sleep(drain_s)
        leave.set()

    async with task_scope(follow()):
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


async def show(registry: CollectorRegistry, readiness: Readiness, settings: Settings, slot: int) -> None:
    """Keep the private port open, for ever: from when the worker before us, which may still drain, has closed it."""
    port = settings.private_port and settings.private_port + 1 + slot
    at, clock = Endpoint(settings.private_host, port, PRIVATE), asyncio.get_running_loop().time
    told_at = clock() + settings.flush_s + TAKEN_S
    while True:
        try:
            async with serve_private_port(at, registry, readiness.problems, readiness.degraded):
                await asyncio.get_running_loop().create_future()
        except CannotListen as error:
            if clock() >= told_at:
                told_at = math.inf
                log.error("no health and no metrics of this worker", error=str(error))  # noqa: TRY400 - nothing crashed
        await asyncio.sleep(TICK_S)


if __name__ == "__main__":
    slot, listening, line, wait = sys.argv[1:]
    run("ingest", Settings, partial(work, Post(int(slot), int(listening), int(line), float(wait))))
