"""`clickrail retention`: what is removed because of its age, by the sink's settings."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.database import run as run_connected
from cli.options import AsJson, DatabaseUrl
from cli.output import count, note, show_json, show_table

if TYPE_CHECKING:
    import asyncpg

    from storage.retention.plan import RetentionPlan
    from storage.retention.policy import RetentionPolicy
    from storage.retention.removals import Removable, Removal, RemovalSum

retention = typer.Typer(help="Rows that are removed because of their age.", no_args_is_help=True)

LISTED = 30
Days = Annotated[
    int, typer.Option(envvar="CLICKRAIL_SINK_RETENTION_DAYS", min=0, help="days that clicks are kept; 0 is for ever")
]
PersonalDays = Annotated[
    int,
    typer.Option(
        envvar="CLICKRAIL_SINK_PERSONAL_DAYS", min=0, help="days that their personal columns are kept; 0: as the row"
    ),
]
RejectedDays = Annotated[
    int, typer.Option(envvar="CLICKRAIL_SINK_REJECTED_DAYS", min=0, help="days that rejections are kept")
]
LettersDays = Annotated[
    int, typer.Option(envvar="CLICKRAIL_SINK_LETTERS_DAYS", min=0, help="days that dead letters are kept")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="show what would be removed, and remove nothing")]


@retention.command()
def status(
    database_url: DatabaseUrl,
    days: Days = 0,
    personal_days: PersonalDays = 0,
    rejected_days: RejectedDays = 0,
    letters_days: LettersDays = 0,
    *,
    as_json: AsJson = False,
) -> None:
    """Show what was removed, and what is next, by the variables of the sink: run it with the sink's environment."""
    from storage.retention.plan import plan_retention
    from storage.retention.removals import list_removals, sum_removals

    policy = make_policy(days, personal_days, rejected_days, letters_days)

    async def work(
        connection: "asyncpg.Connection",
    ) -> "tuple[RetentionPlan, list[RemovalSum], list[Removal]]":
        return (
            await plan_retention(connection, policy, read_today()),
            await sum_removals(connection),
            await list_removals(connection, LISTED),
        )

    plan, sums, removals = run_connected(database_url, work)
    if as_json:
        show_json({"policy": policy, "next": plan, "removed": sums, "last": removals})
        return
    show_policy(policy)
    show_plan(plan)
    show_removed(sums)


@retention.command()
def run(  # noqa: PLR0913 - each parameter is an option of the command line
    database_url: DatabaseUrl,
    days: Days = 0,
    personal_days: PersonalDays = 0,
    rejected_days: RejectedDays = 0,
    letters_days: LettersDays = 0,
    *,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Remove now what is old, instead of within the hour by the sink. Safe to interrupt, and to run twice."""
    policy = make_policy(days, personal_days, rejected_days, letters_days)
    if dry_run:
        from storage.retention.plan import plan_retention

        plan = run_connected(database_url, lambda connection: plan_retention(connection, policy, read_today()))
        show_json(plan) if as_json else show_plan(plan)
        return
    removed = run_connected(database_url, lambda connection: apply(connection, database_url, policy, quiet=as_json))
    if as_json:
        show_json(removed)
    elif not removed:
        print("Nothing was old enough to be removed.")


async def apply(
    connection: "asyncpg.Connection", database_url: str, policy: "RetentionPolicy", *, quiet: bool
) -> list[dict[str, Any]]:
    """Remove what is old, and print each step. Raises CommandError if a sink is doing it."""
    from cli.database import CommandError
    from storage.retention.job import SESSION, only_one
    from storage.retention.plan import apply_retention

    removed: list[dict[str, Any]] = []

    def report(what: "Removable", days: int, rows: int) -> None:
        removed.append({"what": what, "days": days, "rows": rows})
        if not quiet:
            print(f"{what}: {count(rows, 'row')}" + (f", {count(days, 'day')}" if days else ""))

    async with only_one(database_url, SESSION) as is_mine:
        if not is_mine:
            raise CommandError(
                "a sink or another `clickrail retention run` is removing rows now: wait until it is done"
            )
        await apply_retention(connection, policy, read_today(), report)
    return removed


def make_policy(days: int, personal: int, rejections: int, letters: int) -> "RetentionPolicy":
    from storage.retention.policy import RetentionPolicy

    return RetentionPolicy(clicks=days, personal=personal, rejections=rejections, letters=letters)


def read_today() -> Any:
    from storage.jobs import read_day

    return read_day()


def show_policy(policy: "RetentionPolicy") -> None:
    kept = {
        "clicks": policy.clicks,
        "personal columns": policy.personal,
        "rejections": policy.rejections,
        "dead letters": policy.letters,
    }
    note("Kept: " + ", ".join(f"{name} {count(days, 'day') if days else 'for ever'}" for name, days in kept.items()))


def show_plan(plan: "RetentionPlan") -> None:
    """Print what is next: days with their estimated clicks, and counts of rows."""
    days = [("drop", one) for one in plan.drop] + [("empty personal columns", one) for one in plan.empty]
    rows = [[what, str(one.day), f"{one.clicks:,}", f"{one.size:,}"] for what, one in days]
    if rows:
        show_table(("next", "day", "clicks about", "bytes"), rows)
    for day, until in plan.begun.items():
        print(f"The personal columns of {day} are emptied until {until:%H:%M} UTC.")
    for day in plan.unfinished:
        print(f"The drop of {day} was interrupted: what is left of its tables is dropped.")
    if plan.rejections or plan.letters:
        print(f"To delete: {count(plan.rejections, 'rejection')}, {count(plan.letters, 'dead letter')}.")
    if not (rows or plan.unfinished or plan.rejections or plan.letters):
        print("Nothing is old enough to be removed.")


def show_removed(sums: "list[RemovalSum]") -> None:
    rows = [
        [one.what, f"{one.days:,}", f"{one.rows:,}", f"{one.bytes:,}", f"{one.first_day} to {one.last_day}"]
        for one in sums
    ]
    if rows:
        show_table(("removed", "days", "rows", "bytes", "of"), rows)
    else:
        print("Nothing was removed yet.")
