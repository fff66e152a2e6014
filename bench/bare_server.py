"""The bare server as a process."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from deploy.local.ports import free_port

START_SECONDS = 30.0


class BareServer(msgspec.Struct, frozen=True):
    pid: int
    address: str


@asynccontextmanager
async def run_bare() -> AsyncIterator[BareServer]:
    """Run the bare server for the duration of the block."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.bare", str(port))
    try:
        async with asyncio.timeout(START_SECONDS):
            while not await answers(port):
                await asyncio.sleep(0.1)
        yield BareServer(process.pid, f"http://127.0.0.1:{port}")
    finally:
        process.kill()
        await process.wait()


async def answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
