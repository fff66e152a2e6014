"""A slot whose worker is a small program."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from ingest.supervisor.child import Child, Timeouts
from ingest.supervisor.listener import address_of, reserve
from ingest.supervisor.worker_slot import WorkerSlot
from tests.waiting import PATIENCE_S, eventually

PATIENT = Timeouts(stop_s=5)

# What a worker gets: slot, listener, lifeline, seconds to wait. Visitors are told the process that serves them.
START = """
import os, signal, socket, sys, time
slot, listener, line, wait = sys.argv[1:]
door, lifeline = socket.socket(fileno=int(listener)), socket.socket(fileno=int(line))
def serve():
    door.listen()
    door.settimeout(0.05)
    while True:
        lifeline.send(b'{"public port": null}\\n')
        try:
            visitor, _ = door.accept()
            visitor.send(str(os.getpid()).encode())
            visitor.close()
        except TimeoutError:
            pass
"""
SERVE = "serve()"


@asynccontextmanager
async def slot_of(program: str, timeouts: Timeouts = PATIENT) -> AsyncIterator[WorkerSlot]:
    slot = WorkerSlot(0, reserve("127.0.0.1", 0), timeouts, (sys.executable, "-S", "-c", START + program))
    keeping = asyncio.create_task(slot.keep_running())
    try:
        yield slot
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])
        slot.close()
        await slot.stop()


async def ready(slot: WorkerSlot) -> Child:
    await eventually(lambda: slot.problem is None)
    assert slot.worker is not None
    return slot.worker


async def visit(slot: WorkerSlot) -> int | None:
    """Give the process that serves a visitor; null when nobody does."""
    async with asyncio.timeout(PATIENCE_S):
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(*address_of(slot._listener))
            served = await reader.read(-1)
            writer.close()
            return int(served)
    return None
