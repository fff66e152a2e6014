"""What every fault test asserts: no click lost or doubled, no wrong redirect, recovery, bounded resources."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.faults.shop import read_metric
from tests.faults.visitors import Visitors
from tests.pipeline import Pipeline, Service, eventually

STORED: Final = "SELECT click_id FROM clicks UNION ALL SELECT DISTINCT convert_from(key, 'utf-8') FROM dead_letters"
LOST: Final = "clickrail_clicks_lost_total"
MOST_GROWTH_MIB: Final = 64
MOST_MORE_FILES: Final = 64
LANDS_S: Final = 5.0
RECOVERS_S: Final = 10.0
CLICK_EACH_S: Final = 0.5
SAMPLE_S: Final = 0.1
AS_OFTEN: Final = 10
"""Tests wait ten times as long as promised, for busy machines. The drill report compares with the promise."""


async def assert_conserved(pipeline: Pipeline, visitors: Visitors, lost_before: int = 0) -> None:
    """Assert that no click is lost or doubled, by id, once all answered clicks have arrived.

    Every 302 had the right target. Each answered id is stored, dead-lettered or counted as lost. Other stored ids
    belong to visitors who got no answer. No id is stored twice. `lost_before` counts losses of ended processes.
    """
    assert visitors.wrong == []
    answered = set(visitors.answered)
    assert len(visitors.answered) == len(answered)
    lost = lost_before + int(await read_metric(pipeline.services["ingest"].private_port, LOST))

    async def all_there() -> bool:
        (row,) = await pipeline.rows(f"SELECT count(*) AS number FROM ({STORED}) stored")
        return row["number"] >= len(answered) - lost and len(answered - set(await read_stored_ids(pipeline))) <= lost

    try:
        await eventually(all_there)
    except TimeoutError:
        missing = sorted(answered - set(await read_stored_ids(pipeline)))
        raise AssertionError(f"{len(missing)} of {len(answered)} clicks are missing: {missing[:5]}") from None
    ids = await read_stored_ids(pipeline)
    assert len(ids) == len(set(ids)), "a click is stored twice"
    assert len(answered - set(ids)) == lost, "the count of lost clicks is not exact"
    assert len(set(ids) - answered) <= visitors.unanswered, "more clicks are stored than visitors made"


async def read_stored_ids(pipeline: Pipeline) -> list[str]:
    """Return the ids of all clicks in the table or among the dead letters, with repeats."""
    return [row["click_id"] for row in await pipeline.rows(STORED)]


async def measure_recovery(pipeline: Pipeline, visitors: Visitors) -> float:
    """Wait until a new click reaches the table quickly; return the seconds until it was made.

    Call it when a fault has ended. Promised are 10 s until it is made and 5 s until it is stored.
    """
    ended = time.monotonic()
    patience_s = AS_OFTEN * (RECOVERS_S + LANDS_S)
    made: dict[str, float] = {}
    while True:
        now = time.monotonic()
        assert now - ended < patience_s, "no new click gets to the table"
        if now - max(made.values(), default=0.0) > CLICK_EACH_S:
            await visitors.click()
            # The last click of all visitors, which is as new as ours.
            made[visitors.answered[-1]] = now
        for row in await pipeline.rows("SELECT click_id FROM clicks WHERE click_id = ANY($1)", list(made)):
            at = made.pop(row["click_id"])
            if time.monotonic() - at <= AS_OFTEN * LANDS_S:
                return at - ended
        await asyncio.sleep(SAMPLE_S)


class Bounds:
    """The peak of ingest's resident memory (MiB) and open files, compared to the start."""

    def __init__(self, pid: int) -> None:
        self.first_mib, self.first_files = resident_mib(pid), open_files(pid)
        self.most_mib, self.most_files = self.first_mib, self.first_files

    @property
    def growth_mib(self) -> float:
        return self.most_mib - self.first_mib

    def look(self, pid: int) -> None:
        try:
            self.most_mib = max(self.most_mib, resident_mib(pid))
            self.most_files = max(self.most_files, open_files(pid))
        except (FileNotFoundError, ProcessLookupError):
            return


@asynccontextmanager
async def assert_bounded(
    pipeline: Pipeline, growth_mib: float = MOST_GROWTH_MIB, files: int = MOST_MORE_FILES
) -> AsyncIterator[Bounds]:
    """Assert that ingest's memory and files grow only within bounds while the block runs, across restarts."""
    service = pipeline.services["ingest"]
    bounds = Bounds(pid_of(service))

    async def watch() -> None:
        while True:
            bounds.look(pid_of(service))
            await asyncio.sleep(SAMPLE_S)

    watching = asyncio.create_task(watch())
    try:
        yield bounds
    finally:
        watching.cancel()
    assert bounds.growth_mib <= growth_mib, f"ingest grew from {bounds.first_mib:.0f} to {bounds.most_mib:.0f} MiB"
    assert bounds.most_files - bounds.first_files <= files, f"ingest had {bounds.most_files} files open"


def pid_of(service: Service) -> int:
    assert service.process is not None
    return service.process.pid


def resident_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def open_files(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
