"""Folder locks: one owner per folder, and ownerless folders are adopted."""

import asyncio
import errno
import os
import resource
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from ingest.journal.folder_lock import (
    LOCK,
    JournalOwned,
    adopt_folders,
    is_lock_of,
    list_folders,
    lock_folder,
    release,
    try_lock,
)
from tests.ingest.journal.builders import Opened, die, drain, framed, left_in, limited, numbers, opened
from tests.waiting import eventually

pytestmark = pytest.mark.slow


def test_a_folder_that_is_claimed_is_refused_to_others(tmp_path: Path) -> None:
    first = lock_folder(tmp_path / "new" / "journal", "worker-1")
    with pytest.raises(JournalOwned, match=r"worker-1 is locked by another running process"):
        lock_folder(tmp_path / "new" / "journal", "worker-1")
    release(first)
    release(lock_folder(tmp_path / "new" / "journal", "worker-1"))


def test_a_folder_with_nothing_in_it_goes_with_its_owner(tmp_path: Path) -> None:
    release(lock_folder(tmp_path, "worker-1"))
    assert left_in(tmp_path) == []


def test_a_folder_with_something_in_it_stays(tmp_path: Path) -> None:
    owned = lock_folder(tmp_path, "worker-1")
    (owned.folder / "0000000001.seg").write_bytes(framed([1]))
    release(owned)
    again = lock_folder(tmp_path, "worker-1")
    assert [path.name for path in again.segments] == ["0000000001.seg"]
    release(again)


def test_a_folder_that_cannot_be_locked_is_not_left_behind(tmp_path: Path) -> None:
    lowest = os.open(tmp_path, os.O_RDONLY)
    os.close(lowest)
    with limited(resource.RLIMIT_NOFILE, lowest), pytest.raises(OSError, match="Too many open files"):
        lock_folder(tmp_path, "worker-1")
    assert left_in(tmp_path) == []


def test_a_folder_that_cannot_be_read_after_it_was_locked_is_not_left_behind(tmp_path: Path) -> None:
    lowest = os.open(tmp_path, os.O_RDONLY)
    os.close(lowest)
    with limited(resource.RLIMIT_NOFILE, lowest + 1), pytest.raises(OSError, match="Too many open files"):
        lock_folder(tmp_path, "worker-1")
    assert left_in(tmp_path) == []
    assert os.dup(0) == lowest, "a file is still open"
    os.close(lowest)


async def test_a_disk_that_cannot_sync_the_name_of_a_folder_is_a_problem_and_nobody_elses_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> None:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(OSError, match="Invalid argument"):
            lock_folder(tmp_path, "worker-1")
        assert left_in(tmp_path) == []
        it = Opened(tmp_path)
        await it.journal.prepare()
        assert it.journal.problem == "Invalid argument"
    await it.journal.prepare()
    assert it.journal.problem is None
    await it.journal.close()


def test_of_many_processes_that_claim_a_folder_at_once_one_owns_it(tmp_path: Path) -> None:
    locked, refused = [], []
    barrier = threading.Barrier(16)

    def compete() -> None:
        barrier.wait()
        try:
            locked.append(lock_folder(tmp_path, "worker-1"))
        except JournalOwned as error:
            refused.append(error)

    for _ in range(20):
        rivals = [threading.Thread(target=compete) for _ in range(16)]
        for rival in rivals:
            rival.start()
        for rival in rivals:
            rival.join()
        assert (len(locked), len(refused)) == (1, 15)
        release(locked.pop())
        refused.clear()
        assert left_in(tmp_path) == []


def test_while_folders_come_and_go_none_has_two_owners(tmp_path: Path) -> None:
    owners: list[int] = []
    seen: list[tuple[int, bool]] = []

    def come_and_go() -> None:
        for _ in range(400):
            # A folder that is removed while it is locked gives OSError: try again.
            with suppress(JournalOwned, OSError):
                owned = lock_folder(tmp_path, "worker-1")
                owners.append(owned.lock)
                seen.append((len(owners), is_lock_of(owned.folder, owned.lock)))
                owners.remove(owned.lock)
                release(owned)

    rivals = [threading.Thread(target=come_and_go) for _ in range(8)]
    for rival in rivals:
        rival.start()
    for rival in rivals:
        rival.join()
    assert set(seen) == {(1, True)}


def test_a_lock_file_that_was_removed_can_be_locked_again(tmp_path: Path) -> None:
    owned = lock_folder(tmp_path, "worker-1")
    (tmp_path / "worker-1" / LOCK).unlink()
    again = try_lock(tmp_path / "worker-1")
    assert again is not None
    release(owned)
    release(again)


def test_only_folders_nobody_owns_are_adopted(tmp_path: Path) -> None:
    alive = lock_folder(tmp_path, "alive")
    for name in ("left", "own", "damaged", ".being-made"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "0000000001.seg").write_bytes(framed([1]))
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / LOCK).touch()
    (tmp_path / "foreign").mkdir()
    adopted = adopt_folders(tmp_path, "own")
    assert [folder.folder.name for folder in adopted] == ["left"]
    assert [folder.name for folder in list_folders(tmp_path)] == ["alive", "left", "own"]
    for owned in (alive, *adopted):
        release(owned)


def test_a_root_that_is_not_there_has_nothing_to_adopt(tmp_path: Path) -> None:
    assert adopt_folders(tmp_path / "nowhere", "own") == []


async def test_what_a_dead_worker_left_is_delivered_by_a_living_one(tmp_path: Path) -> None:
    dead = Opened(tmp_path, "dead")
    await dead.journal.prepare()
    async with opened(tmp_path, "living") as it:
        dead.append(1, 2, 3)
        await it.journal.adopt()
        assert it.journal.pending == 0
        await die(dead)
        await it.journal.adopt()
        assert it.journal.replay_pending == 3
        entries = await it.journal.take(10)
        assert numbers(entries) == [1, 2, 3]
        it.journal.acknowledge(entries)

        async def is_nothing_left() -> bool:
            await it.journal.adopt()
            return not [path for path in left_in(tmp_path) if "dead" in path]

        assert await eventually(is_nothing_left)


async def test_of_two_living_processes_one_adopts_a_folder(tmp_path: Path) -> None:
    (tmp_path / "dead").mkdir()
    (tmp_path / "dead" / "0000000001.seg").write_bytes(framed(range(5)))
    async with opened(tmp_path, "one") as one, opened(tmp_path, "two") as two:
        await asyncio.gather(one.journal.adopt(), two.journal.adopt())
        assert await drain(one.journal) + await drain(two.journal) == list(range(5))


async def test_a_segment_that_cannot_be_removed_is_not_delivered_again_and_again(tmp_path: Path) -> None:
    (tmp_path / "dead").mkdir()
    (tmp_path / "dead" / "0000000001.seg").write_bytes(framed([1]))
    async with opened(tmp_path) as it:
        entries = await it.journal.take(10)
        os.rename(tmp_path / "dead", tmp_path / "hidden")  # noqa: PTH104 - makes removing the segment impossible
        it.journal.acknowledge(entries)
        await asyncio.sleep(0.1)
        os.rename(tmp_path / "hidden", tmp_path / "dead")  # noqa: PTH104 - as above
        for _ in range(3):
            await it.journal.adopt()
        assert (await it.journal.take(10), it.journal.pending) == ([], 0)
