"""The windows of programs, from a real table."""

from datetime import timedelta

import asyncpg
import pytest

from referrals.admin.repository import add
from referrals.windows import find_window
from tests.referrals.builders import program


@pytest.mark.servers
async def test_the_window_of_a_program_is_found_whatever_its_status(connection: asyncpg.Connection) -> None:
    await add(connection, program(id="shoes", status="archived", cookie_window_days=45))

    assert await find_window(connection, "shoes") == timedelta(days=45)
    assert await find_window(connection, "hats") is None
