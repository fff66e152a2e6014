"""`clickrail verdict`: a person's verdict about one click. It counts before every score, and can be withdrawn."""

import getpass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.database import CommandError, run
from cli.errors import exit_on
from cli.options import DatabaseUrl

if TYPE_CHECKING:
    import asyncpg

LONGEST_WHY = 500
Click = Annotated[str, typer.Argument(metavar="CLICK", help="the click's id")]
Decision = Annotated[
    Literal["valid", "invalid"] | None, typer.Argument(metavar="valid|invalid", show_default=False, help="the verdict")
]
Why = Annotated[str, typer.Option("--why", show_default=False, help="the reason, for those who read it later")]
Who = Annotated[str, typer.Option("--who", show_default="your user name", help="who decides")]
Withdraw = Annotated[bool, typer.Option("--withdraw", help="end the verdict: the newest score counts again")]


def verdict(
    database_url: DatabaseUrl,
    click: Click,
    decision: Decision = None,
    why: Why = "",
    who: Who = "",
    withdraw: Withdraw = False,
) -> None:
    """Record a verdict about a click, or withdraw it. Every verdict is kept, with its reason and its author."""
    with exit_on(CommandError):
        check_arguments(decision, why, withdraw=withdraw)
    chosen = decision or "withdrawn"
    run(database_url, lambda connection: record(connection, click, chosen, why, who or read_user()))
    print(f"{click} is {chosen}" if decision else f"The verdict about {click} is withdrawn")


def check_arguments(decision: str | None, why: str, *, withdraw: bool) -> None:
    if withdraw == (decision is not None):
        raise CommandError("give either valid or invalid, or --withdraw")
    if decision is not None and not why.strip():
        raise CommandError("--why is missing: give the reason, others will read it")
    if len(why) > LONGEST_WHY:
        raise CommandError(f"--why is longer than {LONGEST_WHY} characters")


async def record(
    connection: "asyncpg.Connection",
    click_id: str,
    chosen: Literal["valid", "invalid", "withdrawn"],
    why: str,
    who: str,
) -> None:
    """Record the verdict. Raises CommandError for a click that is not in the table, or a verdict that is not there."""
    from storage.read.finding import find_click
    from storage.read.scores import find_verdict
    from storage.scores import add_verdict

    try:
        stored = await find_click(connection, click_id)
    except ValueError:
        raise CommandError(f"{click_id} is no click id: it has 26 letters and digits") from None
    found = None if stored is None else await find_verdict(connection, click_id, stored.click.clicked_at)
    if stored is None or found is None:
        raise CommandError(f"the table has no click {click_id}: it may not be stored yet, or its day was dropped")
    if chosen == "withdrawn" and found.decision is None:
        raise CommandError(f"there is no verdict about {click_id} to withdraw")
    await add_verdict(connection, (click_id, stored.click.clicked_at), chosen, why=why.strip(), who=who)


def read_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container without an entry for its user.
        return "unknown"
