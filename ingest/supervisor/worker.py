"""A worker: the redirect service on an inherited socket, with a lifeline to its supervisor.

    python -m ingest.supervisor.worker SLOT LISTENER LIFELINE WAIT_S

LISTENER and LIFELINE are inherited file descriptors. Its private port is the supervisor's + 1 + SLOT.
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
from ingest.supervisor.heartbeat import HEARTBEAT_S, LEAVE, STOPPING, WORKER, Heartbeat, write_heartbeat
from runtime.backoff import sleep_unless
from runtime.endpoint import Endpoint
from runtime.errors import CannotListen
from runtime.health import serve_private_port
from runtime.metrics import make_registry
from runtime.process import clickrail_version, run
from runtime.task_scope import task_scope

log = structlog.get_logger()

POLL_S: Final = 0.05
LEAVE_WAIT_S: Final = 2.0
"""How much longer than `drain_s` a worker waits for LEAVE: its supervisor may have got SIGTERM a bit later."""
PORT_WAIT_S: Final = 15.0
"""A draining worker has closed its private port by then; if the port is still taken, another program has it."""
MAX_UNREAD: Final = 64 * 1024
"""Heartbeat bytes that may wait for the supervisor to read them."""


class WorkerArguments(msgspec.Struct, frozen=True):
    """The arguments of a worker: slot, two file descriptors, and how long it may wait for codes before listening."""

    slot: int
    listener: int
    lifeline: int
    wait_s: float


class WorkerState:
    """The state that a worker reports. `leaving`: it accepts no more connections."""

    def __init__(self, readiness: Readiness) -> None:
        self.listening = False
        self.leaving = False
        self._readiness = readiness

    def knows_codes(self) -> bool:
        return not any(self._readiness.problems().values())

    def make_heartbeat(self) -> Heartbeat:
        return {
            **self._readiness.problems(),
            **self._readiness.degraded(),
            "public port": None if self.listening else "not open yet",
            WORKER: STOPPING if self.leaving else None,
        }


async def run_worker(arguments: WorkerArguments, settings: Settings, stop: asyncio.Event) -> None:
    """Redirect until `stop` is set and load balancers have had time to see it, then drain.

    The supervisor's LEAVE skips that time: it has waited for the balancers itself.
    """
    # SIGHUP is for the supervisor. It starts workers with SIGHUP blocked, but a supervisor of an older release may not.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    structlog.contextvars.bind_contextvars(worker=arguments.slot)
    listener, leave = socket.socket(fileno=arguments.listener), asyncio.Event()
    registry, readiness = make_registry("ingest", clickrail_version()), Readiness(stop)
    async with (
        lifeline(arguments.lifeline, stop, leave, settings.drain_s) as writer,
        task_scope(keep_private_port_open(registry, readiness, settings, arguments.slot)),
        open_environment(settings, registry) as env,
    ):
        readiness.env, state = env, WorkerState(readiness)
        async with task_scope(send_heartbeats(writer, state.make_heartbeat)):
            await wait_for_codes(state, stop, arguments.wait_s)
            async with public_port(env, listener) as port:
                state.listening = True
                log.info("listening", port=port, region=settings.region)
                await stop.wait()
                await sleep_unless(leave.is_set, settings.drain_s + LEAVE_WAIT_S)
                state.leaving = True
                # Send it now: without visitors the process ends before the next heartbeat.
                send_heartbeat(writer, state.make_heartbeat())


async def wait_for_codes(state: WorkerState, stop: asyncio.Event, seconds: float) -> None:
    """Wait at most `seconds` until codes can be looked up."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not (state.knows_codes() or stop.is_set()):  # noqa: ASYNC110 - polling: no event exists for this condition
                await asyncio.sleep(POLL_S)


@asynccontextmanager
async def lifeline(
    number: int, stop: asyncio.Event, leave: asyncio.Event, drain_s: float
) -> AsyncIterator[asyncio.StreamWriter]:
    """Open the lifeline. LEAVE sets `stop` and `leave`; its end sets `stop`, and `leave` after `drain_s`."""
    reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=number))

    async def follow() -> None:
        line = b""
        with suppress(OSError):
            line = await reader.readline()
        stop.set()
        if line != LEAVE:
            log.warning("the supervisor has ended: this worker drains and ends")
            await asyncio.sleep(drain_s)
        leave.set()

    async with task_scope(follow()):
        yield writer
    writer.close()


async def send_heartbeats(writer: asyncio.StreamWriter, describe: Callable[[], Heartbeat]) -> None:
    """Send a heartbeat on every change and every HEARTBEAT_S; until cancelled."""
    clock = asyncio.get_running_loop().time
    sent, due = None, 0.0
    while True:
        now = describe()
        if now != sent or clock() >= due:
            send_heartbeat(writer, now)
            sent, due = now, clock() + HEARTBEAT_S
        await asyncio.sleep(POLL_S)


def send_heartbeat(writer: asyncio.StreamWriter, heartbeat: Heartbeat) -> None:
    # Skip it if the supervisor has ended, or is suspended and reads nothing: the next heartbeat repeats it.
    if not writer.is_closing() and writer.transport.get_write_buffer_size() < MAX_UNREAD:
        writer.write(write_heartbeat(heartbeat))


async def keep_private_port_open(
    registry: CollectorRegistry, readiness: Readiness, settings: Settings, slot: int
) -> None:
    """Serve the private port until cancelled, once the previous worker, which may still drain, has closed it."""
    port = settings.private_port and settings.private_port + 1 + slot
    at, clock = Endpoint(settings.private_host, port, PRIVATE), asyncio.get_running_loop().time
    log_at = clock() + settings.flush_s + PORT_WAIT_S
    while True:
        try:
            async with serve_private_port(at, registry, readiness.problems, readiness.degraded):
                await asyncio.get_running_loop().create_future()
        except CannotListen as error:
            if clock() >= log_at:
                log_at = math.inf
                log.error("private port not open: no health and metrics of this worker", error=str(error))  # noqa: TRY400 - nothing crashed
        await asyncio.sleep(POLL_S)


if __name__ == "__main__":
    slot, listening, line, wait = sys.argv[1:]
    run("ingest", Settings, partial(run_worker, WorkerArguments(int(slot), int(listening), int(line), float(wait))))
