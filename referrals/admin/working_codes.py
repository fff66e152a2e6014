"""Counts the codes that work now and would stop if programs, affiliates or codes were paused."""

from collections.abc import Sequence
from typing import Final

import asyncpg
import msgspec

from referrals.model import Kind

COLUMNS: Final[dict[Kind, str]] = {"program": "c.program_id", "affiliate": "c.affiliate_id", "code": "c.code"}
COUNT: Final = """
    SELECT count(*), count(DISTINCT c.affiliate_id), count(DISTINCT c.program_id)
    FROM referral_codes c JOIN affiliates a ON a.id = c.affiliate_id JOIN programs p ON p.id = c.program_id
    WHERE {column} = ANY($1) AND c.status = 'active' AND a.status = 'active' AND p.status = 'active'
"""
COUNT_S: Final = 5.0


class WorkingCodes(msgspec.Struct, frozen=True):
    """How many codes record clicks: they, their affiliate and their program are active."""

    codes: int
    affiliates: int
    programs: int


async def count_working_codes(connection: asyncpg.Connection, kind: Kind, ids: Sequence[str]) -> WorkingCodes:
    """Count the working codes of these programs or affiliates, or among these codes. Raises asyncpg's errors."""
    row = await connection.fetchrow(COUNT.format(column=COLUMNS[kind]), list(ids), timeout=COUNT_S)
    return WorkingCodes(*row)
