"""`python -m tests.ingest.journal.appending ROOT WORKER FIRST`: a process with a journal, to be killed.

Appends clicks FIRST, FIRST+1, ... as fast as it can, and prints each number after `a` if it was written, after `m` if
it is only in memory. It also delivers what it takes, and prints these numbers after `d`. Output is not buffered.
"""

import asyncio
import os
import sys
from itertools import count
from pathlib import Path

import structlog

from ingest.journal.journal import Journal, JournalLimits
from tests.ingest.journal.builders import key, numbers, open_journal, payload

LIMITS = JournalLimits(segment_bytes=100_000, window_bytes=200_000, sync_s=0.001)


def say(kind: str, *clicks: int) -> None:
    os.write(1, f"{kind} {' '.join(map(str, clicks))}\n".encode())


async def deliver(journal: Journal) -> None:
    while True:
        entries = await journal.take(300)
        if entries:
            say("d", *numbers(entries))
        await asyncio.sleep(0.005)
        journal.acknowledge(entries)


async def append(journal: Journal, first: int) -> None:
    for number in count(first):
        alone = journal.unjournalled
        if journal.append(key(number), payload(number)):
            say("a" if journal.unjournalled == alone else "m", number)
        if number % 50 == 0:
            await asyncio.sleep(0)


async def main(root: str, worker: str, first: str) -> None:
    opening = open_journal(Path(root), worker, LIMITS, lambda: None, lambda *_: None)
    async with opening as journal, asyncio.TaskGroup() as group:
        group.create_task(journal.run())
        group.create_task(deliver(journal))
        group.create_task(append(journal, int(first)))


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    asyncio.run(main(*sys.argv[1:]))
