"""One slot, with small programs for workers."""

import asyncio
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from ingest.supervisor.child import Timeouts
from ingest.supervisor.listener import reserve
from ingest.supervisor.worker_slot import WorkerSlot
from tests.ingest.supervisor.slots import PATIENT, SERVE, ready, slot_of, visit
from tests.waiting import PATIENCE_S, eventually

pytestmark = pytest.mark.processes

DIE = "sys.exit(3)"
DIE_ONCE = "sys.exit(3) if not os.path.exists('first') and open('first', 'w') else time.sleep(60)"
NEVER_READY = 'lifeline.send(b\'{"referrals": "away"}\\n\'); time.sleep(60)'
HUNG_UP = "os.kill(os.getpid(), signal.SIGHUP); serve()"
RAVE = "lifeline.send(b'x' * 150_000); time.sleep(60)"
DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN); serve()"
LEAVE_SLOWLY = """
def leave(*_):
    door.close()
    lifeline.send(b'{"worker": "stopping"}\\n')
    time.sleep(60)
signal.signal(signal.SIGTERM, leave)
serve()
"""
# A process whose tracer does nothing comes to its exit when it is killed, and no further, with its files open: as one
# does that a disk holds in the kernel.
UNDYING_ONCE = """
import ctypes
PTRACE_SEIZE, PTRACE_O_TRACEEXIT, PR_SET_PTRACER, ANY = 0x4206, 0x40, 0x59616D61, -1
def be_held():
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_PTRACER, ANY, 0, 0, 0)
    traced = os.getpid()
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.write(writing, b"held" if libc.ptrace(PTRACE_SEIZE, traced, 0, PTRACE_O_TRACEEXIT) == 0 else b"free")
        open("tracer", "w").write(str(os.getpid()))
        door.close()
        lifeline.close()
        time.sleep(60)
        os._exit(0)
    if os.read(reading, 4) != b"held":
        open("untraced", "w")
if not os.path.exists("first"):
    open("first", "w")
    be_held()
    door.listen()
    lifeline.send(b'{"public port": null}\\n')
    time.sleep(60)
serve()
"""


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
    async with slot_of(LEAVE_SLOWLY, Timeouts(stop_s=3)) as slot:
        worker = await ready(slot)
        os.kill(worker.pid, signal.SIGTERM)
        await eventually(lambda: slot.restarts == 1)
        successor = await ready(slot)
        assert worker.code is None
        assert await visit(slot) == successor.pid
        await asyncio.wait({worker.ended}, timeout=PATIENCE_S)
        assert worker.code == -signal.SIGKILL, "it may drain, and not stay for ever"


async def test_a_worker_that_stands_still_is_killed_and_visitors_wait_for_the_next() -> None:
    async with slot_of(SERVE, Timeouts(silent_s=2, stop_s=5)) as slot:
        worker = await ready(slot)
        os.kill(worker.pid, signal.SIGSTOP)
        served = await visit(slot)
        assert served == (await ready(slot)).pid != worker.pid
        assert (worker.code, slot.restarts) == (-signal.SIGKILL, 1)


@pytest.mark.skipif(sys.platform != "linux", reason="traces a process as Linux does")
async def test_a_killed_worker_that_the_kernel_does_not_let_go_still_gets_a_successor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with slot_of(UNDYING_ONCE, Timeouts(silent_s=2, stop_s=1)) as slot:
        worker = await ready(slot)
        if (tmp_path / "untraced").exists():
            pytest.skip("this machine lets no process trace another")
        served = await visit(slot)
        assert served == (await ready(slot)).pid != worker.pid
        assert (worker.code, slot.restarts) == (None, 1)
        os.kill(int((tmp_path / "tracer").read_text()), signal.SIGKILL)
        await asyncio.wait({worker.ended}, timeout=PATIENCE_S)
        assert worker.code == -signal.SIGKILL


async def test_a_worker_that_has_not_come_to_ignore_it_is_not_ended_by_what_tells_its_supervisor_to_roll() -> None:
    async with slot_of(HUNG_UP) as slot:
        worker = await ready(slot)
        assert await visit(slot) == worker.pid
        assert slot.restarts == 0


async def test_a_supervisor_is_told_to_roll_also_while_it_starts_a_worker() -> None:
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, told.set)
    async with slot_of(SERVE) as slot:
        starting = asyncio.create_task(slot.start())
        async with asyncio.timeout(PATIENCE_S):
            while signal.SIGHUP not in signal.pthread_sigmask(signal.SIG_BLOCK, ()):
                await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGHUP)
        await starting
        await asyncio.wait_for(told.wait(), PATIENCE_S)
    asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)


async def test_a_worker_that_never_says_a_word_is_killed() -> None:
    async with slot_of("time.sleep(60)", Timeouts(first_s=1, stop_s=5)) as slot:
        await eventually(lambda: slot.restarts == 2)
        await eventually(lambda: slot.problem == "starting; the one before: does not answer")


async def test_a_slot_whose_worker_is_starting_says_what_became_of_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with slot_of(DIE_ONCE) as slot:
        await eventually(lambda: slot.problem == "starting; the one before: ended with exit code 3")


async def test_where_workers_die_at_once_again_and_again_nobody_is_left_to_wait() -> None:
    async with slot_of(DIE) as slot:
        dead = slot._listener
        dead.listen()
        visitor = asyncio.create_task(visit(slot))
        await eventually(lambda: slot._listener is not dead)
        assert await visitor is None
        assert await visit(slot) is None
        assert slot.problem == "ended with exit code 3"
        assert 4 <= slot.restarts <= 6, "0.1 s, 0.2 s, 0.4 s, 0.8 s, and then too long"


async def test_a_worker_that_does_not_stop_is_killed() -> None:
    async with slot_of(DEAF, Timeouts(stop_s=0.2)) as slot:
        worker = await ready(slot)
    assert worker.code == -signal.SIGKILL


async def test_what_a_worker_says_is_the_problem_of_its_slot() -> None:
    async with slot_of(NEVER_READY) as slot:
        await eventually(lambda: slot.problem == "referrals: away")
        with suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await slot.roll()
    assert slot.worker is not None
    assert slot.worker.code == -signal.SIGTERM


async def test_a_machine_that_can_start_nothing_is_tried_again() -> None:
    slot = WorkerSlot(0, reserve("127.0.0.1", 0), PATIENT, ("/nowhere/python",))
    assert await slot.start() is None
    assert not await slot.roll()
    assert slot.problem == "not started"
    slot.close()


def sockets_of(pid: int) -> list[int]:
    """Give the numbers of the sockets a process holds."""
    links = [str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir() if path.is_symlink()]
    return [int(link[8:-1]) for link in links if link.startswith("socket:[")]


async def test_a_lifeline_ends_when_the_supervisor_is_gone() -> None:
    """No other worker may hold the supervisor's end, which would keep the lifeline open."""
    async with slot_of(SERVE) as slot, slot_of(SERVE) as other:
        worker, _ = await ready(slot), await ready(other)
        assert other.worker is not None
        lifeline = worker._lifeline.get_extra_info("socket")
        ours = os.fstat(lifeline.fileno()).st_ino
        assert lifeline.family == socket.AF_UNIX
        assert ours not in {*sockets_of(worker.pid), *sockets_of(other.worker.pid)}
        assert ours in sockets_of(os.getpid())


async def test_a_worker_that_says_too_much_in_one_line_is_replaced_as_a_silent_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with slot_of(RAVE, Timeouts(first_s=2, silent_s=2, stop_s=5)) as slot:
        await eventually(lambda: slot.worker is not None)
        raving = slot.worker
        await eventually(lambda: slot.restarts > 0)
        assert raving is not None
        await eventually(raving.ended.done)
        assert raving.code == -signal.SIGKILL
    assert [record.message for record in caplog.records if "has not ended" in record.message] == []
