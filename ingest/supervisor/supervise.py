"""All slots of a supervisor: started, kept, rolled one after the other, stopped."""

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
"""What a stop takes besides the time the settings give it for Kafka: 3 s for visitors, and on a busy machine more for
closing everything than the 5 s after which a cancellation that was lost is repeated. Longer is not as it should be."""
WRONG_SETTINGS: Final = 2
"""The exit code of a worker that will never start, however often one tries."""
FIRST_S: Final = 60.0


async def supervise(settings: Settings, stop: asyncio.Event, roll: asyncio.Event) -> None:
    """Keep the workers of the settings until `stop` is set, and replace them one after the other when `roll` is.

    After that they go on for the time that balancers need to see on /readyz that nobody is to be sent here any more.
    Raises SettingsError, also when the first worker ends because of the settings; CannotListen.
    """
    require_data_folder(settings.data_dir)
    slots: list[WorkerSlot] = []

    def describe() -> list[SlotStatus]:
        return [describe_slot(slot, stopping=stop.is_set()) for slot in slots]

    # The private port comes first: two supervisors could share the public one, and nobody would notice.
    private = Endpoint(settings.private_host, settings.private_port, "CLICKRAIL_INGEST_PRIVATE")
    async with status_port(private, describe), hold_slots(settings, slots), task_scope(run_slots(slots, roll)):
        await stop.wait()
        log.info("stopping", extra={"accepts_for_s": settings.drain_s})
        await asyncio.sleep(settings.drain_s)


def describe_slot(slot: WorkerSlot, *, stopping: bool) -> SlotStatus:
    return SlotStatus(slot.number, "stopping" if stopping else slot.problem, slot.restarts, slot.degraded)


@asynccontextmanager
async def hold_slots(settings: Settings, slots: list[WorkerSlot]) -> AsyncIterator[None]:
    """Fill `slots` for as long as the context is open. At the end nobody is left in them."""
    with Endpoint(settings.host, settings.port, "CLICKRAIL_INGEST").explain_bind_errors():
        listeners = reserve_many(settings.host, settings.port, settings.workers)
    log.info("holding", extra={"port": address_of(listeners[0])[1], "workers": settings.workers})
    patience = Timeouts(stop_s=settings.flush_s + BEYOND_FLUSH_S)
    slots += [WorkerSlot(number, each, patience) for number, each in enumerate(listeners)]
    try:
        yield
    finally:
        for slot in slots:
            slot.close()
        await asyncio.gather(*(slot.stop() for slot in slots))


async def run_slots(slots: Sequence[WorkerSlot], roll: asyncio.Event) -> None:
    # One goes first, so that wrong settings are said once.
    first = await slots[0].start()
    if first is not None:
        await first.until(lambda: first.report is not None, FIRST_S)
        if first.code == WRONG_SETTINGS:
            raise SettingsError("no worker can start with these settings")
    async with asyncio.TaskGroup() as group:
        for slot in slots:
            group.create_task(slot.keep())
        group.create_task(roll_on_demand(slots, roll))


async def roll_on_demand(slots: Sequence[WorkerSlot], roll: asyncio.Event) -> None:
    """Replace all workers, one after the other, each time it is wanted. The first that fails ends the round."""
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
