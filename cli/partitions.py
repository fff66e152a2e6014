"""`clickrail partitions`: the days of clicks in the table, and how they go."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.database import CommandError, run
from cli.errors import exit_on
from cli.tables import DatabaseUrl

if TYPE_CHECKING:
    from datetime import date

    import asyncpg

    from storage.partitions import Partition

partitions = typer.Typer(help="The days of clicks in the table.", no_args_is_help=True)

Before = Annotated[str, typer.Option(help="the first day to keep, as 2026-09-01 (UTC)")]
Yes = Annotated[bool, typer.Option("--yes", help="drop them; without it they are only listed")]


@partitions.command("list")
def list_(database_url: DatabaseUrl) -> None:
    """List the days, oldest first: the table, about how many clicks (as of its last ANALYZE), its size."""
    from storage.partitions import list_partitions

    show(run(database_url, list_partitions))


@partitions.command()
def drop(database_url: DatabaseUrl, before: Before, *, yes: Yes = False) -> None:
    """Drop whole days for good. A click of such a day that comes later is counted as lost, and not stored."""
    from storage.partitions import list_past_partitions

    with exit_on(CommandError):
        day = read_day(before)
    chosen = [one for one in run(database_url, list_past_partitions) if one.day < day]
    show(chosen)
    if yes:
        run(database_url, lambda connection: drop_all(connection, chosen))
    print(f"{len(chosen)} dropped" if yes else f"{len(chosen)} would be dropped: add --yes")


async def drop_all(connection: "asyncpg.Connection", chosen: "list[Partition]") -> None:
    from storage.partitions import drop_partition

    for one in chosen:
        await drop_partition(connection, one.day)


def show(listed: "list[Partition]") -> None:
    print(f"{'partition':<16} {'clicks':>12} {'bytes':>16}")
    for one in listed:
        print(f"{one.name:<16} {one.clicks:>12,} {one.size:>16,}")


def read_day(text: str) -> "date":
    from datetime import date

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError("--before is a day, as 2026-09-01") from None
