"""The demo program: something to click on from the first minute."""

import re
from typing import Final

import asyncpg

from cli.up.landing import DEMO_PROGRAM, PARAMETER
from referrals.admin.repository import add, change, find
from referrals.admin.validation import ValidationProblem
from referrals.model import Affiliate, Program, Referral, ReferralCode
from runtime.errors import DependencyAway

DEMO_CODE: Final = "demo"

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
# URLs that earlier runs set: our page on any port, and before there was one a host that does not resolve.
OURS: Final = {
    "target_url": re.compile(
        r"(http://127\.0\.0\.1:\d+/landing|https://shop\.example/)\?" + PARAMETER + r"=\{click_token\}"
    ),
    "fallback_url": re.compile(r"http://127\.0\.0\.1:\d+/|https://shop\.example/"),
}


async def make_demo(database_url: str, landing_url: str) -> None:
    """Add what is missing of the demo, and point it to the page of this run. Keeps what a person has changed."""
    wanted = demo_program(landing_url)
    connection = await asyncpg.connect(database_url, timeout=10)
    try:
        for value in (wanted, *AFFILIATES, *CODES):
            await add_missing(connection, value)
        found = await find(connection, "program", DEMO_PROGRAM)
        if isinstance(found, Program) and (changes := stale_urls(found, wanted)):
            require(await change(connection, "program", DEMO_PROGRAM, changes))
    finally:
        await connection.close()


def demo_program(landing_url: str) -> Program:
    return Program(
        id=DEMO_PROGRAM,
        name="Demo shop",
        status="active",
        target_url=f"{landing_url}/landing?{PARAMETER}={{click_token}}",
        fallback_url=f"{landing_url}/",
    )


def stale_urls(found: Program, wanted: Program) -> dict[str, object]:
    """Return the URLs to change: those that an earlier run set, if this run's page is on another port."""
    return {
        name: getattr(wanted, name)
        for name, ours in OURS.items()
        if getattr(found, name) != getattr(wanted, name) and ours.fullmatch(getattr(found, name) or "")
    }


async def add_missing(connection: asyncpg.Connection, value: Referral) -> None:
    if isinstance(await find(connection, value.kind, value.id), ValidationProblem):
        require(await add(connection, value))


def require(done: Referral | ValidationProblem) -> None:
    if isinstance(done, ValidationProblem):
        raise DependencyAway(f"the demo could not be made: {done.reason}")
