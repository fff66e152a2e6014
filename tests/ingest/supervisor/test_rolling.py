"""A slot whose worker is replaced, with small programs for workers."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from ingest.supervisor.child import Timeouts
from ingest.supervisor.worker_slot import SUCCESSOR_S
from tests.ingest.supervisor.slots import SERVE, ready, slot_of, visit
from tests.waiting import eventually

pytestmark = pytest.mark.processes

SERVE_ONCE = "open('second') if os.path.exists('first') else open('first', 'w'); serve()"
NEVER_READY_IN_A_ROLL = "time.sleep(600) if wait == 'inf' else serve()"


async def test_a_roll_puts_a_successor_on_the_same_socket() -> None:
    async with slot_of(SERVE) as slot:
        worker = await ready(slot)
        listener = slot._listener
        assert await slot.roll()
        assert slot.worker is not None
        assert (worker.code, slot.restarts, slot._listener) == (-signal.SIGTERM, 0, listener)
        assert await visit(slot) == slot.worker.pid != worker.pid
        os.kill(slot.worker.pid, signal.SIGKILL)
        await eventually(lambda: slot.restarts == 1)
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


async def test_a_worker_that_dies_in_a_roll_is_replaced_by_one_that_waits_for_nothing() -> None:
    async with slot_of(NEVER_READY_IN_A_ROLL) as slot:
        worker = await ready(slot)
        rolling = asyncio.create_task(slot.roll())
        await eventually(lambda: len(slot._children) == 2)
        os.kill(worker.pid, signal.SIGKILL)
        async with asyncio.timeout(SUCCESSOR_S / 2):
            await asyncio.wait({worker.ended})
            served = await visit(slot)
        assert served == (await ready(slot)).pid != worker.pid
        assert not await rolling
        assert (slot.restarts, len(slot._children)) == (1, 1)


async def test_a_worker_that_stands_still_in_a_roll_is_replaced_too() -> None:
    async with slot_of(NEVER_READY_IN_A_ROLL, Timeouts(silent_s=2, stop_s=5)) as slot:
        worker = await ready(slot)
        rolling = asyncio.create_task(slot.roll())
        await eventually(lambda: len(slot._children) == 2)
        os.kill(worker.pid, signal.SIGSTOP)
        async with asyncio.timeout(SUCCESSOR_S / 2):
            served = await visit(slot)
        assert served == (await ready(slot)).pid != worker.pid
        assert not await rolling
