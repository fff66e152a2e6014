"""The data folder."""

import asyncio
import errno
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from deploy.local.errors import FolderInUse, NoDiskSpace, NotWritable
from deploy.local.folder import end_leftovers, explain_disk_errors, lock_folder, require_room, wait_for_lock
from deploy.local.traces import write_traces

SLEEP = "import sys, time; print(flush=True); time.sleep(600)"


def test_a_held_folder_is_refused_with_the_holder_named(tmp_path: Path) -> None:
    with lock_folder(tmp_path), pytest.raises(FolderInUse, match=f"process {os.getpid()}"), lock_folder(tmp_path):
        pass


def test_a_folder_that_was_let_go_can_be_held_again(tmp_path: Path) -> None:
    for _ in range(2):
        with lock_folder(tmp_path / "new"):
            pass


def test_a_full_disk_is_named_with_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(NoDiskSpace, match=r"MiB free and 1000000000 MiB are needed: free some"):
        require_room(tmp_path, 1_000_000_000)


@pytest.mark.parametrize(("number", "kind"), [(errno.ENOSPC, NoDiskSpace), (errno.EACCES, NotWritable)])
def test_what_the_disk_refuses_becomes_a_sentence(tmp_path: Path, number: int, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=str(tmp_path)), explain_disk_errors(tmp_path):
        raise OSError(number, "the reason", str(tmp_path))


async def test_runs_take_turns_at_a_cache(tmp_path: Path) -> None:
    steps: list[str] = []

    async def fill(name: str) -> None:
        async with wait_for_lock(tmp_path / "busy", lambda _what, _done: None):
            steps.append(f"{name} begins")
            await asyncio.sleep(0.05)
            steps.append(f"{name} ends")

    await asyncio.gather(fill("one"), fill("two"))
    assert steps == ["one begins", "one ends", "two begins", "two ends"]


async def test_a_leftover_is_ended_and_its_pidfile_removed(tmp_path: Path) -> None:
    (tmp_path / "valkey").mkdir()
    leftover = await sleeper(f"{tmp_path}/valkey")
    write_traces(tmp_path / "valkey", leftover.pid, signal.SIGTERM)
    leftover.send_signal(signal.SIGSTOP)
    await asyncio.gather(asyncio.to_thread(end_leftovers, tmp_path), leftover.wait())
    # 255 is what asyncio says of a child that somebody else waited for first, as whoever ends a leftover does.
    assert leftover.returncode in (-signal.SIGTERM, 255)
    assert not (tmp_path / "valkey" / "pid").exists()


async def test_a_process_that_only_got_the_pid_of_a_leftover_is_let_be(tmp_path: Path) -> None:
    (tmp_path / "kafka").mkdir()
    stranger = await sleeper("elsewhere")
    write_traces(tmp_path / "kafka", stranger.pid, signal.SIGTERM)
    end_leftovers(tmp_path)
    assert psutil.Process(stranger.pid).is_running()
    stranger.kill()
    await stranger.wait()


async def sleeper(argument: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SLEEP, argument, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    await process.stdout.readline()
    return process
