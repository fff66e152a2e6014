"""`clickrail partitions`: the days of the table `clicks`, each a partition or a chunk."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.database import CommandError, run
from cli.errors import exit_on
from cli.options import DatabaseUrl
from cli.output import count

if TYPE_CHECKING:
    from datetime import date

    import asyncpg

    from storage.partitions import Partition

partitions = typer.Typer(
    help="The days of the table `clicks`: daily partitions, or chunks of TimescaleDB.", no_args_is_help=True
)

Before = Annotated[str, typer.Option(metavar="DAY", help="the first day to keep, such as 2026-09-01 (UTC)")]
Yes = Annotated[bool, typer.Option("--yes", help="drop them; without it they are only listed")]
STATEMENT_S: Final = 3600.0


@partitions.command("list")
def list_(database_url: DatabaseUrl) -> None:
    """List the days, oldest first: partition, estimated number of clicks (of the last ANALYZE), size in bytes."""
    from storage.days import list_days

    show(run(database_url, list_days))


@partitions.command()
def drop(database_url: DatabaseUrl, before: Before, *, yes: Yes = False) -> None:
    """Delete whole days for good. If a click of such a day arrives later, it is not stored, and counted as lost."""
    from storage.days import list_past_days

    with exit_on(CommandError):
        day = read_day(before)
    chosen = [one for one in run(database_url, list_past_days) if one.day < day]
    show(chosen)
    if yes:
        run(database_url, lambda connection: drop_all(connection, chosen))
    print(
        f"{count(len(chosen), 'partition')} dropped."
        if yes
        else f"{count(len(chosen), 'partition')} would be dropped: add --yes."
    )


@partitions.command()
def restore(
    database_url: DatabaseUrl,
    days: Annotated[list[str], typer.Argument(metavar="DAY...", help="dropped days, such as 2026-09-01 (UTC)")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="restore them; without it their counts are only shown")] = False,
) -> None:
    """Let clicks of dropped days be stored again. What was counted of these days is taken out of all counts.

    Then store the days again with `clickrail backfill`: only what Kafka still has comes back.
    """
    from storage.restoring import read_kept, restore_days

    with exit_on(CommandError):
        chosen = {read_day(day, "DAY") for day in days}
    for one in run(database_url, lambda connection: read_kept(connection, chosen)):
        print(f"{one.day}: {count(one.clicks, 'click')} counted.")
    if yes:
        run(database_url, lambda connection: restore_days(connection, chosen), statement_s=STATEMENT_S)
    print(
        f"{count(len(chosen), 'day')} restored, without clicks: store them again with `clickrail backfill`."
        if yes
        else f"{count(len(chosen), 'day')} would be restored, without these counts: add --yes."
    )


async def drop_all(connection: "asyncpg.Connection", chosen: "list[Partition]") -> None:
    from storage.days import drop_day
    from storage.rollups.freezing import close_day
    from storage.unfinished_drops import finish_drops, list_unfinished

    for one in chosen:
        await close_day(connection, one.day)
        await drop_day(connection, one.day)
    # Also of drops that were interrupted earlier: their days are not listed any more.
    await finish_drops(connection, await list_unfinished(connection))


def show(listed: "list[Partition]") -> None:
    print(f"{'partition':<16} {'clicks':>12} {'bytes':>16}")
    for one in listed:
        print(f"{one.name:<16} {one.clicks:>12,} {one.size:>16,}")


def read_day(text: str, name: str = "--before") -> "date":
    from datetime import date

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{name} must be a day, such as 2026-09-01") from None
