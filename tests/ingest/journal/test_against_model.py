"""A state machine compares the journal with a model: every accepted click comes back, and no other does.

The model is sets of numbers. A process is killed by closing its files and locks. A power loss also truncates files to
their synced size. A full disk is a file size limit of the kernel, which may cut a frame.
"""

import asyncio
import random
import shutil
import tempfile
from collections.abc import Coroutine
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from resource import RLIMIT_FSIZE
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from ingest.journal.framing import MARK, encode_frame
from ingest.journal.journal import JournalLimits
from ingest.journal.segments import Entry
from tests.examples import examples
from tests.ingest.journal.builders import Opened, die, drain, key, left_in, limited, numbers, on_disk, payload
from tests.ingest.journal.conftest import SHARED_MEMORY

pytestmark = pytest.mark.slow

T = TypeVar("T")

TINY = JournalLimits(segment_bytes=2_000, memory_bytes=4_000, window_bytes=2_000)
WORKERS = st.sampled_from(["worker-1", "worker-2"])
SEEDS = st.integers(min_value=0, max_value=1_000_000)


class JournalMachine(RuleBasedStateMachine):
    """Clicks in `owed` must come back, those in `accepted` may; `alone` are only in memory, `safe` are synced."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.root = Path(tempfile.mkdtemp(dir=SHARED_MEMORY if SHARED_MEMORY.is_dir() else None))
        self.accepted: set[int] = set()
        self.owed: set[int] = set()
        self.alone: set[int] = set()
        self.safe: set[int] = set()
        self.count = 0
        self.room: int | None = None
        self.start("worker-1")

    def limited(self) -> AbstractContextManager[None]:
        return nullcontext() if self.room is None else limited(RLIMIT_FSIZE, self.room)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        with self.limited():
            return self.runner.run(work)

    def start(self, worker: str) -> None:
        self.it = Opened(self.root, worker, TINY)
        self.in_flight: list[Entry] = []
        self.alone = set()
        self.pending = sum(path.read_bytes().count(MARK) for path in self.root.glob("worker*/*.seg"))
        self.is_whole = self.pending == len(on_disk(self.root))
        self.do(self.it.journal.prepare())
        self.do(self.it.journal.prepare())
        self.do(self.it.journal.adopt())

    @rule(clicks=st.integers(min_value=1, max_value=12), size=st.sampled_from([10, 300]))
    def click(self, clicks: int, size: int) -> None:
        for number in range(self.count, self.count + clicks):
            unjournalled, lost = self.it.journal.unjournalled, self.it.lost["journal_failed"]
            with self.limited():
                taken = self.it.journal.append(key(number), payload(number, size))
            assert taken == (self.it.lost["journal_failed"] == lost)
            if taken:
                self.accepted.add(number)
                self.owed.add(number)
                self.pending += 1
            if self.it.journal.unjournalled > unjournalled:
                self.alone.add(number)
        self.count += clicks

    @rule(clicks=st.integers(min_value=1, max_value=12), size=st.sampled_from([10, 300]))
    def click_together(self, clicks: int, size: int) -> None:
        numbers = range(self.count, self.count + clicks)
        unjournalled, lost = self.it.journal.unjournalled, self.it.lost["journal_failed"]
        with self.limited():
            self.it.journal.append_all([(key(number), payload(number, size)) for number in numbers])
        # A refusing disk is not tried again and full memory stays full: the last clicks are lost, and those before
        # them are only in memory.
        taken = numbers[: clicks - (self.it.lost["journal_failed"] - lost)]
        alone = self.it.journal.unjournalled - unjournalled
        self.accepted.update(taken)
        self.owed.update(taken)
        self.pending += len(taken)
        self.alone.update(taken[len(taken) - alone :])
        self.count += clicks

    @rule(most=st.integers(min_value=1, max_value=30))
    def take(self, most: int) -> None:
        entries = self.do(self.it.journal.take(most))
        assert len(entries) <= most
        assert set(numbers(entries)) <= self.accepted - set(numbers(self.in_flight))
        self.in_flight += entries

    @rule(seed=SEEDS, count=st.integers(min_value=1, max_value=40))
    def acknowledge(self, seed: int, count: int) -> None:
        random.Random(seed).shuffle(self.in_flight)
        some, self.in_flight = self.in_flight[:count], self.in_flight[count:]
        with self.limited():
            self.it.journal.acknowledge(some)
        self.owed -= set(numbers(some))
        self.alone -= set(numbers(some))
        self.pending -= len(some)

    @rule()
    def prepare(self) -> None:
        self.do(self.it.journal.prepare())
        if self.room is None:
            self.alone = set()
        assert self.it.journal.in_memory_alone == len(self.alone)

    @rule()
    def rotate(self) -> None:
        self.it.journal._writer.rotate_by_age(0)

    @rule()
    def sync(self) -> None:
        self.do(self.it.journal.sync())
        self.safe = self.owed - self.alone

    @rule(room=st.sampled_from([None, 0, 1_000]))
    def fill_disk_or_heal_it(self, room: int | None) -> None:
        self.room = room

    @rule(worker=WORKERS)
    def stop(self, worker: str) -> None:
        self.do(self.it.journal.close())
        if self.room is None:
            self.alone = set()
        assert self.it.lost["stopped"] == len(self.alone)
        self.owed -= self.alone
        assert self.owed <= set(on_disk(self.root))
        self.start(worker)

    @rule(worker=WORKERS, torn=st.integers(min_value=0, max_value=100))
    def kill(self, worker: str, torn: int) -> None:
        for segment in self.do(die(self.it))[:1]:
            with segment.path.open("ab") as file:
                file.write(encode_frame(key(self.count), payload(self.count))[:torn])
        self.owed -= self.alone
        assert self.owed <= set(on_disk(self.root))
        self.start(worker)

    @rule(worker=WORKERS)
    def lose_power(self, worker: str) -> None:
        for segment in self.do(die(self.it)):
            if not segment.path.exists():
                continue
            with segment.path.open("r+b") as file:
                file.truncate(segment.synced)
        assert self.safe & self.owed <= set(on_disk(self.root))
        self.owed &= set(on_disk(self.root))
        self.start(worker)

    @rule(worker=WORKERS, seed=SEEDS)
    def kill_and_damage(self, worker: str, seed: int) -> None:
        self.do(die(self.it))
        chance = random.Random(seed)
        for path in [path for path in self.root.glob("worker*/*.seg") if path.stat().st_size]:
            data = bytearray(path.read_bytes())
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            path.write_bytes(data)
        self.owed &= set(on_disk(self.root))
        self.start(worker)

    @invariant()
    def counts_are_exact(self) -> None:
        assert set(self.it.lost) <= {"journal_failed", "stopped"}
        # A damaged frame counts as pending until it has been read.
        assert self.it.journal.pending == self.pending or not self.is_whole
        # A batch, of 12 clicks at most here, may exceed the limit.
        assert self.it.journal._queues.memory.weight < TINY.memory_bytes + 12 * 700

    def teardown(self) -> None:
        self.room = None
        self.it.journal.acknowledge(self.in_flight)
        came = {*numbers(self.in_flight), *self.do(drain(self.it.journal))}
        assert self.owed <= came <= self.accepted
        self.do(self.it.journal.adopt())
        self.do(self.it.journal.close())
        self.runner.close()
        assert [path for path in left_in(self.root) if not path.startswith("damaged")] == []
        shutil.rmtree(self.root)


def test_each_click_that_is_owed_comes_and_no_other() -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call] # Hypothesis has no types here
        JournalMachine, settings=settings(examples(50), stateful_step_count=40)
    )
