"""The windows of programs, from a real table."""

from datetime import timedelta

import asyncpg
import pytest

from referrals.admin.repository import add
from referrals.windows import CACHED_S, CachedWindows, find_window
from tests.referrals.builders import program


@pytest.mark.servers
async def test_the_window_of_a_program_is_found_whatever_its_status(connection: asyncpg.Connection) -> None:
    await add(connection, program(id="shoes", status="archived", cookie_window_days=45))

    assert await find_window(connection, "shoes") == timedelta(days=45)
    assert await find_window(connection, "hats") is None


@pytest.mark.servers
async def test_a_window_is_remembered_for_some_seconds(connection: asyncpg.Connection) -> None:
    await add(connection, program(id="shoes", cookie_window_days=45))
    now_s = [0.0]
    windows, found = CachedWindows(lambda: now_s[0]), []
    for now_s[0], days in ((0.0, 45), (CACHED_S - 0.1, 60), (CACHED_S, 60)):
        await connection.execute("UPDATE programs SET cookie_window_days = $1", days)
        found.append([await windows.find(connection, name) for name in ("shoes", "hats")])

    assert found == [[timedelta(days=45), None], [timedelta(days=45), None], [timedelta(days=60), None]]
