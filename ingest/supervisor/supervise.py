"""All slots of a supervisor: start, keep running, roll one after the other, stop."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from ingest.data_folder import require_data_folder
from ingest.settings import Settings
from ingest.supervisor.child import Timeouts
from ingest.supervisor.listener import address_of, reserve_many
from ingest.supervisor.status import SlotStatus, status_port
from ingest.supervisor.worker_slot import WorkerSlot
from runtime.endpoint import Endpoint
from runtime.errors import SettingsError
from runtime.task_scope import task_scope

log = logging.getLogger(__name__)

BEYOND_FLUSH_S: Final = 12.0
"""The longest a stop may take beyond `flush_s`: 3 s for visitors, and on a busy machine more than 5 s to close
everything (a lost cancellation is repeated after 5 s)."""
WRONG_SETTINGS: Final = 2
"""The exit code of a worker whose settings are wrong: it can never start."""
FIRST_S: Final = 60.0


async def supervise(settings: Settings, stop: asyncio.Event, roll: asyncio.Event) -> None:
    """Run the workers until `stop` is set, and replace them one after the other when `roll` is set.

    After `stop` they keep accepting for `drain_s`, until load balancers have seen on /readyz that it is stopping.
    Raises SettingsError, also when the first worker ends because of its settings; CannotListen.
    """
    require_data_folder(settings.data_dir)
    slots: list[WorkerSlot] = []

    def describe() -> list[SlotStatus]:
        return [describe_slot(slot, stopping=stop.is_set()) for slot in slots]

    # Open the private port first: two supervisors could share the public port unnoticed.
    private = Endpoint(settings.private_host, settings.private_port, "CLICKRAIL_INGEST_PRIVATE")
    async with status_port(private, describe), open_slots(settings, slots), task_scope(run_slots(slots, roll)):
        await stop.wait()
        log.info("stopping", extra={"accepts_for_s": settings.drain_s})
        await asyncio.sleep(settings.drain_s)


def describe_slot(slot: WorkerSlot, *, stopping: bool) -> SlotStatus:
    return SlotStatus(slot.number, "stopping" if stopping else slot.problem, slot.restarts, slot.degraded)


@asynccontextmanager
async def open_slots(settings: Settings, slots: list[WorkerSlot]) -> AsyncIterator[None]:
    """Fill `slots` while the context is open; at the end stop all their workers."""
    with Endpoint(settings.host, settings.port, "CLICKRAIL_INGEST").explain_bind_errors():
        listeners = reserve_many(settings.host, settings.port, settings.workers)
    log.info("port reserved", extra={"port": address_of(listeners[0])[1], "workers": settings.workers})
    timeouts = Timeouts(stop_s=settings.flush_s + BEYOND_FLUSH_S)
    slots += [WorkerSlot(number, each, timeouts) for number, each in enumerate(listeners)]
    try:
        yield
    finally:
        for slot in slots:
            slot.close()
        await asyncio.gather(*(slot.stop() for slot in slots))


async def run_slots(slots: Sequence[WorkerSlot], roll: asyncio.Event) -> None:
    # Start one worker first, so that wrong settings are reported once.
    first = await slots[0].start()
    if first is not None:
        await first.wait_for(lambda: first.heartbeat is not None, FIRST_S)
        if first.code == WRONG_SETTINGS:
            raise SettingsError("no worker can start with these settings")
    async with asyncio.TaskGroup() as group:
        for slot in slots:
            group.create_task(slot.keep_running())
        group.create_task(roll_on_demand(slots, roll))


async def roll_on_demand(slots: Sequence[WorkerSlot], roll: asyncio.Event) -> None:
    """Replace all workers one after the other each time `roll` is set. The first failure ends the round."""
    while True:
        await roll.wait()
        roll.clear()
        log.info("rolling")
        for slot in slots:
            if not await slot.roll():
                log.error("roll given up", extra={"worker": slot.number})
                break
        else:
            log.info("rolled")
