"""The demo program: something to click on from the first minute."""

from typing import Final

import asyncpg

from referrals.administration import add, find
from referrals.model import Affiliate, Program, Referral, ReferralCode
from referrals.refusal import Refused
from runtime.errors import DependencyAway

DEMO_PROGRAM: Final = "demo"
DEMO_CODE: Final = "demo"

PROGRAM: Final = Program(
    id=DEMO_PROGRAM,
    name="Demo shop",
    status="active",
    target_url="https://shop.example/?click={click_token}",
    fallback_url="https://shop.example/",
)
AFFILIATES: Final = (
    Affiliate(id="lisbon-blog", name="Lisbon Blog", status="active"),
    Affiliate(id="running-club", name="Running Club", status="active"),
)
CODES: Final = (
    ReferralCode(code=DEMO_CODE, affiliate_id="lisbon-blog", program_id=DEMO_PROGRAM, status="active"),
    ReferralCode(code="spring-26", affiliate_id="lisbon-blog", program_id=DEMO_PROGRAM, status="active"),
    ReferralCode(code="newsletter", affiliate_id="running-club", program_id=DEMO_PROGRAM, status="active"),
    ReferralCode(code="insta", affiliate_id="running-club", program_id=DEMO_PROGRAM, status="active"),
)


async def make_demo(database_url: str) -> None:
    """Add what is missing of the demo; what somebody has changed since stays changed."""
    connection = await asyncpg.connect(database_url, timeout=10)
    try:
        for value in (PROGRAM, *AFFILIATES, *CODES):
            await add_missing(connection, value)
    finally:
        await connection.close()


async def add_missing(connection: asyncpg.Connection, value: Referral) -> None:
    if isinstance(await find(connection, value.kind, value.id), Refused):
        added = await add(connection, value)
        if isinstance(added, Refused):
            raise DependencyAway(f"the demo could not be made: {added}")
