"""Journals of real processes that are killed, limited by the kernel, or run side by side."""

import asyncio
import random
import resource
import sys
from pathlib import Path

import pytest

from tests.ingest.journal.builders import WORKER, drain, left_in, on_disk, opened, until

pytestmark = pytest.mark.processes


async def start(root: Path, worker: str, first: int, file_bytes: int | None = None) -> asyncio.subprocess.Process:
    def limit() -> None:
        if file_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))

    arguments = ("-m", "tests.ingest.journal.appending", str(root), worker, str(first))
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        preexec_fn=limit,
        limit=2**20,
    )


class Heard:
    """What a process printed: the clicks it wrote, had only in memory, and delivered."""

    def __init__(self) -> None:
        self.written: set[int] = set()
        self.alone: set[int] = set()
        self.delivered: set[int] = set()

    async def listen(self, process: asyncio.subprocess.Process) -> None:
        """Read until the process ends; ignore an incomplete line."""
        assert process.stdout is not None
        async for line in process.stdout:
            kind, *clicks = line.decode().split()
            if line.endswith(b"\n"):
                {"a": self.written, "m": self.alone, "d": self.delivered}[kind].update(map(int, clicks))


async def test_no_click_is_missing_after_twenty_kills(tmp_path: Path) -> None:
    chance = random.Random(20)
    heard = Heard()
    for life in range(20):
        before = len(heard.written)
        process = await start(tmp_path, f"worker-{life % 3}", life * 1_000_000)
        listening = asyncio.create_task(heard.listen(process))
        await until(lambda before=before: len(heard.written) > before, 30)
        await asyncio.sleep(chance.random() * 0.1)
        process.kill()
        await listening
        await process.wait()
        assert heard.written - heard.delivered - set(on_disk(tmp_path)) == set()
    async with opened(tmp_path, "worker-9") as it:
        heard.delivered.update(await drain(it.journal, 500))
        assert it.lost == {}
    assert heard.written - heard.delivered == set()
    assert [path for path in left_in(tmp_path) if not path.startswith("damaged")] == []


async def test_a_process_that_may_write_no_large_file_writes_more_files(tmp_path: Path) -> None:
    heard = Heard()
    process = await start(tmp_path, WORKER, 0, file_bytes=80_000)
    listening = asyncio.create_task(heard.listen(process))
    await until(lambda: len(heard.written) > 2_000, 30)
    process.kill()
    await listening
    await process.wait()
    assert heard.written - heard.delivered - set(on_disk(tmp_path)) == set()


async def test_a_process_that_may_write_nothing_still_delivers(tmp_path: Path) -> None:
    heard = Heard()
    process = await start(tmp_path, WORKER, 0, file_bytes=0)
    listening = asyncio.create_task(heard.listen(process))
    await until(lambda: len(heard.delivered) > 300, 30)
    process.kill()
    await listening
    await process.wait()
    assert on_disk(tmp_path) == []
