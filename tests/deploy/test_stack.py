"""The three together: one run per folder, a sentence for what is wrong, and nothing left running."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import psutil
import pytest

from deploy.local.errors import BrokenFolder, FolderInUse, PortTaken, ServerFailed
from deploy.local.postgres import plan_postgres
from deploy.local.server import running
from deploy.local.settings import REPOSITORY, LocalSettings
from deploy.local.stack import keep_up, run_stack
from deploy.local.valkey import plan_valkey
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.servers


async def test_a_second_run_on_the_same_folder_is_refused_and_the_first_goes_on(own_settings: LocalSettings) -> None:
    reports: list[tuple[str, float | None]] = []
    async with run_stack(own_settings, lambda what, done: reports.append((what, done))) as stack:
        with pytest.raises(FolderInUse, match=r"Another run \(process \d+\) uses .*: stop it"):
            async with run_stack(own_settings):
                pass
        pids = [server.pid for server in stack.servers]
        assert all(psutil.pid_exists(pid) for pid in pids)
        assert sum(server.resident_bytes() for server in stack.servers) <= 900 * 1024 * 1024
    assert reports[-1] == ("The servers are up", 1.0)
    assert not any(psutil.pid_exists(pid) for pid in pids)


async def test_a_taken_port_is_named_with_its_setting_before_anything_starts(own_settings: LocalSettings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"Port {port}, where Valkey .* set CLICKRAIL_LOCAL_VALKEY_PORT"):
            async with run_stack(msgspec.structs.replace(own_settings, valkey_port=port)):
                pass
    assert not our_processes(own_settings.data)


async def test_when_one_server_cannot_start_the_others_are_ended(own_settings: LocalSettings) -> None:
    await plan_postgres(own_settings)
    (own_settings.data / "postgres" / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(ServerFailed, match=r"PostgreSQL did not start: exit code 1: .*incompatible.*postgres\.log"):
        async with run_stack(own_settings):
            pass
    assert not our_processes(own_settings.data)


async def test_a_password_that_is_gone_or_wrong_is_named(own_settings: LocalSettings) -> None:
    plan = await plan_postgres(own_settings)
    password = own_settings.data / "postgres" / "password"
    password.write_text("another")
    with pytest.raises(BrokenFolder, match="the file `password` does not have the cluster's password"):
        async with running(await plan_postgres(own_settings)):
            pass
    password.unlink()
    with pytest.raises(BrokenFolder, match="the file `password` is missing"):
        await plan_postgres(own_settings)
    assert not our_processes(plan.folder)


async def test_a_lock_file_that_is_empty_or_names_another_program_does_not_keep_postgres_down(
    own_settings: LocalSettings,
) -> None:
    plan = await plan_postgres(own_settings)
    for content in ("", f"{os.getppid()}\n"):
        (plan.folder / "data" / "postmaster.pid").write_text(content)
        async with running(await plan_postgres(own_settings)) as postgres:
            assert postgres.pid


async def test_a_server_that_ends_by_itself_is_started_again(own_settings: LocalSettings) -> None:
    reports: list[str] = []
    async with running(plan_valkey(own_settings)) as valkey:
        keeping = asyncio.create_task(keep_up((valkey,), lambda what, _done: reports.append(what)))
        os.kill(valkey.pid, signal.SIGKILL)
        async with asyncio.timeout(PATIENCE_S):
            while not (reports and await valkey.plan.ready()):
                await asyncio.sleep(0.05)
        keeping.cancel()
        await asyncio.wait([keeping])
    assert reports == ["Valkey ended (exit code -9) and is started again"]


async def test_servers_end_with_their_run_whether_it_is_killed_or_interrupted(tmp_path: Path) -> None:
    async with launched(tmp_path) as (launcher, pids):
        launcher.kill()
        await launcher.wait()
        if sys.platform == "linux":  # elsewhere the next run ends them
            _, alive = await asyncio.to_thread(psutil.wait_procs, existing(pids), timeout=PATIENCE_S)
            assert alive == []
    async with launched(tmp_path) as (launcher, second):
        assert set(second).isdisjoint(pids)
        launcher.send_signal(signal.SIGINT)
        await asyncio.wait_for(launcher.wait(), PATIENCE_S)
        assert existing(second) == []


@contextlib.asynccontextmanager
async def launched(folder: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, list[int]]]:
    launcher = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("launcher.py")),
        str(folder),
        cwd=REPOSITORY,
        env={"PYTHONPATH": str(REPOSITORY)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert launcher.stdout
    try:
        pids = [int(pid) for pid in (await asyncio.wait_for(launcher.stdout.readline(), PATIENCE_S)).split()]
        assert len(pids) == 3
        yield launcher, pids
    finally:
        with contextlib.suppress(ProcessLookupError):
            launcher.terminate()
        await launcher.communicate()


def existing(pids: list[int]) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if process.pid in pids]


def our_processes(folder: Path) -> list[str]:
    lines = (process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"]))
    return [" ".join(line) for line in lines if any(str(folder) in part for part in line)]
