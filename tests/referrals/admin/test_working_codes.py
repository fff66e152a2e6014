"""Counting the codes that a pause would stop."""

import asyncpg
import pytest

from referrals.admin.working_codes import WorkingCodes, count_working_codes

pytestmark = pytest.mark.servers

FILL = """
    INSERT INTO programs (id, name, status, target_url) VALUES
        ('bikes', 'Bikes', 'active', 'https://shop.example/'), ('hats', 'Hats', 'paused', 'https://shop.example/');
    INSERT INTO affiliates (id, name, status) VALUES ('ann', 'Ann', 'active'), ('bob', 'Bob', 'active'),
        ('eve', 'Eve', 'paused');
    INSERT INTO referral_codes (code, affiliate_id, program_id, status) VALUES
        ('a1', 'ann', 'bikes', 'active'), ('a2', 'ann', 'bikes', 'active'), ('a3', 'ann', 'bikes', 'paused'),
        ('a4', 'ann', 'hats', 'active'), ('b1', 'bob', 'bikes', 'active'), ('e1', 'eve', 'bikes', 'active');
"""


async def test_only_codes_that_record_clicks_now_are_stopped(connection: asyncpg.Connection) -> None:
    await connection.execute(FILL)

    assert await count_working_codes(connection, "program", ["bikes"]) == WorkingCodes(3, 2, 1)
    assert await count_working_codes(connection, "program", ["hats"]) == WorkingCodes(0, 0, 0)
    assert await count_working_codes(connection, "affiliate", ["ann", "eve"]) == WorkingCodes(2, 1, 1)
    assert await count_working_codes(connection, "code", ["a1", "a3", "b1", "gone"]) == WorkingCodes(2, 2, 1)
