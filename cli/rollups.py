"""`clickrail rollups`: the counts beside the clicks: how they are, whether they are right, and counting again."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.database import CommandError, run
from cli.errors import exit_on
from cli.options import AsJson, DatabaseUrl
from cli.output import count

if TYPE_CHECKING:
    from datetime import date

    import asyncpg

    from storage.rollups.verify import Difference

rollups = typer.Typer(help="The counts by minute, hour, day and month beside the clicks.", no_args_is_help=True)

From = Annotated[str, typer.Option("--from", metavar="DAY", show_default=False, help="first day, such as 2026-09-01")]
To = Annotated[str, typer.Option("--to", metavar="DAY", show_default=False, help="last day")]
Zone = Annotated[
    str, typer.Option("--zone", show_default=False, help="count all days in this zone, such as Europe/Berlin")
]


@rollups.command()
def status(database_url: DatabaseUrl, *, as_json: AsJson = False) -> None:
    """Show the reporting zone, what waits to be counted, frozen days and sizes."""
    import json

    found = run(database_url, read_status)
    if as_json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name.replace('_', ' '):<16} {value if not isinstance(value, int) else format(value, ',')}")


async def read_status(connection: "asyncpg.Connection") -> dict[str, object]:
    from storage.rollups.state import READ_SIZES, read_frozen, read_pending, read_state

    state, pending = await read_state(connection), await read_pending(connection)
    frozen = await read_frozen(connection)
    sizes = {f"{row['table']}_bytes": row["bytes"] for row in await connection.fetch(READ_SIZES)}
    return {
        "zone": state.zone,
        "complete": "yes" if state.is_complete else f"counted since {state.counted_from or 'now'}",
        "pending_batches": pending.batches,
        "pending_clicks": pending.clicks,
        "oldest_pending_s": round(pending.oldest_s),
        "frozen_days": frozen.days,
        "of_other_zones": frozen.of_other_zones,
        **sizes,
    }


@rollups.command()
def verify(database_url: DatabaseUrl, first: From = "", last: To = "", *, as_json: AsJson = False) -> None:
    """Compare every count with its clicks, and show each difference. Changes nothing; exit code 1 if any differs."""
    with exit_on(CommandError):
        days = read_day(first, "--from"), read_day(last, "--to")
    differing, frozen = run(database_url, lambda connection: verify_days(connection, *days))
    show(differing, as_json=as_json)
    if not as_json:
        kept = f" {count(frozen, 'frozen day')} not compared." if frozen else ""
        print(f"{count(len(differing), 'difference')}.{kept}")
    if differing:
        raise typer.Exit(1)


async def verify_days(
    connection: "asyncpg.Connection", first: "date | None", last: "date | None"
) -> "tuple[list[Difference], int]":
    from storage.rollups.rebuild import list_days
    from storage.rollups.verify import verify_day, verify_months

    found: list[Difference] = []
    frozen = 0
    for day in await list_days(connection, first, last):
        differing = await verify_day(connection, day)
        frozen += differing is None
        found += differing or ()
    return [*found, *await verify_months(connection)], frozen


def show(differing: "list[Difference]", *, as_json: bool) -> None:
    import msgspec

    for one in differing:
        if as_json:
            print(msgspec.json.encode(one).decode())
            continue
        cell = " ".join(f"{name}={value}" for name, value in one.cell.items())
        numbers = (
            f"{name} {one.stored[name]} instead of {one.counted[name]}"
            for name in one.stored
            if one.stored[name] != one.counted[name]
        )
        print(f"{cell}: {', '.join(numbers)}")


@rollups.command()
def rebuild(database_url: DatabaseUrl, first: From = "", last: To = "", zone: Zone = "") -> None:
    """Count days again from their clicks, the newest first. Frozen days stay as they are: their clicks may be gone.

    With --zone everything is counted again in that zone: set CLICKRAIL_TIMEZONE to it first.
    """
    with exit_on(CommandError):
        days = read_day(first, "--from"), read_day(last, "--to")
        if zone and any(days):
            raise CommandError("--zone counts all days again: leave out --from and --to")
    run(database_url, lambda connection: change_zone(connection, zone) if zone else rebuild_days(connection, *days))


async def rebuild_days(connection: "asyncpg.Connection", first: "date | None", last: "date | None") -> None:
    from storage.rollups.rebuild import list_days, rebuild_day
    from storage.rollups.state import read_state

    if not (await read_state(connection)).is_complete:
        await count_earlier_days(connection)
    days = await list_days(connection, first, last)
    for number, day in enumerate(days, 1):
        done = await rebuild_day(connection, day)
        print(f"{day} {'counted' if done else 'is frozen: left as it is'} ({number} of {len(days)})", flush=True)


async def change_zone(connection: "asyncpg.Connection", zone: str) -> None:
    from storage.rollups.rebuild import begin_again
    from storage.rollups.state import KNOWS_ZONE

    if not await connection.fetchval(KNOWS_ZONE, zone):
        raise CommandError(f"--zone: PostgreSQL knows no zone {zone}: use a name such as Europe/Berlin")
    await begin_again(connection, zone)
    await count_earlier_days(connection)


async def count_earlier_days(connection: "asyncpg.Connection") -> None:
    from storage.rollups.rebuild import count_earlier_day

    while (day := await count_earlier_day(connection)) is not None:
        print(f"{day} counted", flush=True)


def read_day(text: str, option: str) -> "date | None":
    from datetime import date

    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise CommandError(f"{option} must be a day, such as 2026-09-01") from None
