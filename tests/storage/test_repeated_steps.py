"""A job in steps: over one connection, and over another after a failure."""

import asyncpg
import pytest
import structlog

from runtime.outage_log import OutageLog
from runtime.postgres import Session
from runtime.secret import Secret
from runtime.task_scope import task_scope
from storage.repeated_steps import repeat_steps
from tests.waiting import eventually

pytestmark = pytest.mark.servers

SESSION = Session(application="a test", connect_s=5.0, statement_s=5.0, server_s=5.0)


class Steps:
    """Notes the backend of each step. The third step ends its own backend, as a restart of PostgreSQL would."""

    def __init__(self) -> None:
        self.backends: list[int] = []

    async def step(self, connection: asyncpg.Connection) -> float:
        self.backends.append(connection.get_server_pid())
        if len(self.backends) == 3:
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return 0.0


async def test_steps_share_a_connection_and_go_on_with_another_after_a_failure(database_url: str) -> None:
    steps, outage = Steps(), OutageLog(structlog.get_logger(), "steps fail", "steps work again")

    async with task_scope(repeat_steps(Secret(database_url), SESSION, steps.step, outage, again_s=0.0)):
        await eventually(lambda: len(steps.backends) >= 5)

    first, *_ = steps.backends
    assert steps.backends[:3] == [first] * 3
    assert steps.backends[3] != first
    assert steps.backends[4] == steps.backends[3]
