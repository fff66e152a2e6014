"""One slot, with small programs for workers."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from ingest.supervisor.child import Child, Patience
from ingest.supervisor.listener import address_of, reserve
from ingest.supervisor.slot import Slot

pytestmark = pytest.mark.processes

PATIENCE_S = 30
PATIENT = Patience(stop_s=5)

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
DIE = "sys.exit(3)"
SERVE_ONCE = "open('second') if os.path.exists('first') else open('first', 'w'); serve()"
DIE_ONCE = "sys.exit(3) if not os.path.exists('first') and open('first', 'w') else time.sleep(60)"
NEVER_READY = 'lifeline.send(b\'{"referrals": "away"}\\n\'); time.sleep(60)'
DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN); serve()"
LEAVE_SLOWLY = """
def leave(*_):
    door.close()
    lifeline.send(b'{"worker": "stopping"}\\n')
    time.sleep(60)
signal.signal(signal.SIGTERM, leave)
serve()
"""


@asynccontextmanager
async def slot_of(program: str, patience: Patience = PATIENT) -> AsyncIterator[Slot]:
    slot = Slot(0, reserve("127.0.0.1", 0), patience, (sys.executable, "-S", "-c", START + program))
    keeping = asyncio.create_task(slot.keep())
    try:
        yield slot
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])
        slot.close()
        await slot.stop()


async def ready(slot: Slot) -> Child:
    await true(lambda: slot.problem is None)
    assert slot.worker is not None
    return slot.worker


async def true(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.01)


async def visit(slot: Slot) -> int | None:
    """Give the process that serves a visitor; null when nobody does."""
    async with asyncio.timeout(PATIENCE_S):
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(*address_of(slot._listener))
            served = await reader.read(-1)
            writer.close()
            return int(served)
    return None


async def test_a_dead_worker_is_replaced_and_visitors_wait_for_the_next() -> None:
    async with slot_of(SERVE) as slot:
        worker = await ready(slot)
        assert await visit(slot) == worker.pid
        os.kill(worker.pid, signal.SIGKILL)
        await asyncio.wait({worker.ended})
        served = await visit(slot)
        assert served == (await ready(slot)).pid != worker.pid
        assert slot.restarts == 1


async def test_a_worker_that_someone_else_stops_is_replaced_while_it_drains() -> None:
    async with slot_of(LEAVE_SLOWLY, Patience(stop_s=3)) as slot:
        worker = await ready(slot)
        os.kill(worker.pid, signal.SIGTERM)
        await true(lambda: slot.restarts == 1)
        successor = await ready(slot)
        assert worker.code is None
        assert await visit(slot) == successor.pid
        await asyncio.wait({worker.ended}, timeout=PATIENCE_S)
        assert worker.code == -signal.SIGKILL, "it may drain, and not stay for ever"


async def test_a_worker_that_stands_still_is_killed_and_visitors_wait_for_the_next() -> None:
    async with slot_of(SERVE, Patience(silent_s=2, stop_s=5)) as slot:
        worker = await ready(slot)
        os.kill(worker.pid, signal.SIGSTOP)
        served = await visit(slot)
        assert served == (await ready(slot)).pid != worker.pid
        assert (worker.code, slot.restarts) == (-signal.SIGKILL, 1)


async def test_a_worker_that_never_says_a_word_is_killed() -> None:
    async with slot_of("time.sleep(60)", Patience(first_s=1, stop_s=5)) as slot:
        await true(lambda: slot.restarts == 2)
        await true(lambda: slot.problem == "starting; the one before: does not answer")


async def test_a_slot_whose_worker_is_starting_says_what_became_of_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with slot_of(DIE_ONCE) as slot:
        await true(lambda: slot.problem == "starting; the one before: ended with exit code 3")


async def test_where_workers_die_at_once_again_and_again_nobody_is_left_to_wait() -> None:
    async with slot_of(DIE) as slot:
        dead = slot._listener
        dead.listen()
        visitor = asyncio.create_task(visit(slot))
        await true(lambda: slot._listener is not dead)
        assert await visitor is None
        assert await visit(slot) is None
        assert slot.problem == "ended with exit code 3"
        assert 4 <= slot.restarts <= 6, "0.1 s, 0.2 s, 0.4 s, 0.8 s, and then too long"


async def test_a_roll_puts_a_successor_on_the_same_socket() -> None:
    async with slot_of(SERVE) as slot:
        worker = await ready(slot)
        listener = slot._listener
        assert await slot.roll()
        assert slot.worker is not None
        assert (worker.code, slot.restarts, slot._listener) == (-signal.SIGTERM, 0, listener)
        assert await visit(slot) == slot.worker.pid != worker.pid
        os.kill(slot.worker.pid, signal.SIGKILL)
        await true(lambda: slot.restarts == 1)
        assert await visit(slot) == (await ready(slot)).pid


async def test_a_roll_whose_successor_dies_leaves_the_worker_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with slot_of(SERVE_ONCE) as slot:
        worker = await ready(slot)
        assert not await slot.roll()
        assert (slot.worker, slot.problem, slot.restarts) == (worker, None, 0)
        assert await visit(slot) == worker.pid


async def test_a_worker_that_does_not_stop_is_killed() -> None:
    async with slot_of(DEAF, Patience(stop_s=0.2)) as slot:
        worker = await ready(slot)
    assert worker.code == -signal.SIGKILL


async def test_what_a_worker_says_is_the_problem_of_its_slot() -> None:
    async with slot_of(NEVER_READY) as slot:
        await true(lambda: slot.problem == "referrals: away")
        with suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await slot.roll()
    assert slot.worker is not None
    assert slot.worker.code == -signal.SIGTERM


async def test_a_machine_that_can_start_nothing_is_tried_again() -> None:
    slot = Slot(0, reserve("127.0.0.1", 0), PATIENT, ("/nowhere/python",))
    assert await slot.start() is None
    assert not await slot.roll()
    assert slot.problem == "not started"
    slot.close()


def sockets_of(pid: int) -> list[int]:
    """Give the numbers of the sockets a process holds."""
    links = [str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir() if path.is_symlink()]
    return [int(link[8:-1]) for link in links if link.startswith("socket:[")]


async def test_a_lifeline_ends_when_the_supervisor_is_gone() -> None:
    """No other worker may hold the supervisor's end: it would keep the line up."""
    async with slot_of(SERVE) as slot, slot_of(SERVE) as other:
        worker, _ = await ready(slot), await ready(other)
        assert other.worker is not None
        lifeline = worker._lifeline.get_extra_info("socket")
        ours = os.fstat(lifeline.fileno()).st_ino
        assert lifeline.family == socket.AF_UNIX
        assert ours not in {*sockets_of(worker.pid), *sockets_of(other.worker.pid)}
        assert ours in sockets_of(os.getpid())
