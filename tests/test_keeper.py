"""A server that several processes share."""

import asyncio
import sys
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as NoConnection

from tests.keeper import shared
from tests.waiting import eventually

pytestmark = pytest.mark.servers

USER = """
import asyncio, sys
from pathlib import Path
from tests.keeper import shared

async def use():
    async with shared("valkey", Path(sys.argv[1])) as address:
        print(address, flush=True)
        await asyncio.sleep(3600)

asyncio.run(use())
"""


async def has_ended(address: str) -> bool:
    async with Redis.from_url(address) as client:
        try:
            await client.ping()
        except NoConnection:
            return True
    return False


async def test_a_server_runs_until_its_last_user_ends_even_by_a_kill(tmp_path: Path) -> None:
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", USER, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert other.stdout is not None
    async with shared("valkey", tmp_path) as address:
        assert await other.stdout.readline() == f"{address}\n".encode()
    assert not await has_ended(address)

    other.kill()
    await other.wait()

    await eventually(lambda: has_ended(address))


async def test_a_server_is_started_again_for_who_comes_after_the_last_user(tmp_path: Path) -> None:
    async with shared("valkey", tmp_path) as first, shared("valkey", tmp_path) as same:
        assert first == same

    async with shared("valkey", tmp_path) as second:
        assert not await has_ended(second)


async def test_who_asks_for_a_server_that_does_not_start_is_told_why(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)nothing did not start: .*KeyError"):
        async with shared("nothing", tmp_path):
            pass
