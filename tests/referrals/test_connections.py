import asyncio

import pytest

from referrals.connections import run_with_reconnect
from runtime.task_scope import task_scope
from tests.waiting import PATIENCE_S


class FakeConnection:
    def __init__(self) -> None:
        self.terminated = False

    def terminate(self) -> None:
        self.terminated = True


@pytest.mark.slow
async def test_it_tries_until_a_connection_opens_and_again_when_it_is_lost() -> None:
    connections = [FakeConnection(), FakeConnection()]
    log: list[str] = []
    done = asyncio.Event()
    attempts = iter([OSError("away"), TimeoutError(), connections[0], OSError("away"), connections[1]])

    async def connect() -> FakeConnection:
        attempt = next(attempts)
        if isinstance(attempt, Exception):
            raise attempt
        return attempt

    async def use(connection: FakeConnection) -> None:
        log.append("used")
        if connection is connections[0]:
            raise ConnectionResetError
        done.set()
        await asyncio.sleep(60)

    async with (
        asyncio.timeout(PATIENCE_S),
        task_scope(run_with_reconnect("test", connect, use, lambda: log.append("away"))),
    ):
        await done.wait()
    assert log == ["away", "away", "used", "away", "used"]
    assert [connection.terminated for connection in connections] == [True, True]
