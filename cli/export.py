"""`clickrail export`: clicks or rejections as CSV, JSON lines or Parquet, to a file, a folder or standard output."""

import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from cli.database import CommandError, run
from cli.errors import exit_on
from cli.options import DatabaseUrl
from cli.output import count, note

if TYPE_CHECKING:
    from storage.export.plan import Filters
    from storage.export.run import Export

STATEMENT_S: Final = 24 * 3600.0
SHOW_S: Final = 0.2

Kind = Annotated[Literal["clicks", "rejections"], typer.Argument(help="what is exported")]
From = Annotated[
    datetime, typer.Option("--from", metavar="DAY", formats=["%Y-%m-%d"], help="the first day, UTC: 2026-11-20")
]
To = Annotated[
    datetime | None,
    typer.Option("--to", metavar="DAY", formats=["%Y-%m-%d"], help="the day after the last one, UTC; without it today"),
]
Form = Annotated[Literal["csv", "jsonl", "parquet"], typer.Option("--format", help="form of the rows")]
Out = Annotated[
    str, typer.Option("--out", metavar="FILE", help="a file, a folder for a file per day, or - for standard output")
]
Personal = Annotated[bool, typer.Option("--personal", help="also personal columns, such as ip_hash and user_agent")]
Today = Annotated[bool, typer.Option("--include-today", help="also the running day, which is not complete")]
Program = Annotated[str | None, typer.Option("--program", help="only of this program")]
Affiliate = Annotated[str | None, typer.Option("--affiliate", help="only of this affiliate")]
Code = Annotated[str | None, typer.Option("--code", help="only of this code; of rejections the requested one")]
Country = Annotated[str | None, typer.Option("--country", help="only clicks from this country, two capital letters")]
Visitors = Annotated[
    Literal["people", "bots", "app_fetches", "prefetches", "tests"] | None,
    typer.Option("--visitors", help="only clicks of these"),
]
Uniqueness = Annotated[
    Literal["unique", "repeat", "not_judged"] | None, typer.Option("--uniqueness", help="only clicks that are so")
]
Band = Annotated[
    Literal["clean", "suspicious", "likely_invalid", "invalid", "not_scored"] | None,
    typer.Option("--band", help="only clicks whose verdict is so"),
]
Reason = Annotated[str | None, typer.Option("--reason", help="only rejections with this number, such as R102")]


def export(  # noqa: PLR0913, PLR0917 - each parameter is an option of the command line
    kind: Kind,
    database_url: DatabaseUrl,
    since: From,
    until: To = None,
    form: Form = "csv",
    out: Out = "-",
    personal: Personal = False,
    include_today: Today = False,
    program: Program = None,
    affiliate: Affiliate = None,
    code: Code = None,
    country: Country = None,
    visitors: Visitors = None,
    uniqueness: Uniqueness = None,
    band: Band = None,
    reason: Reason = None,
) -> None:
    """Export clicks or rejections of whole days (UTC), in the order of their time.

    Columns are those of the analysts' views, and further ones; personal columns only with --personal. With a folder
    (--out FOLDER/) each day is a file of its own. A run that broke off goes on with the first day that is missing.
    """
    from storage.export.plan import ExportPlan
    from storage.export.run import Export

    with exit_on(CommandError):
        days = choose_days(since.date(), until.date() if until else None, include_today=include_today)
        only_clicks = {"--country": country, "--visitors": visitors, "--uniqueness": uniqueness, "--band": band}
        filters = choose_filters(kind, (program, affiliate, code), only_clicks, reason)
        path = None if out == "-" else Path(out)
        if form == "parquet" and path is None:
            raise CommandError("Parquet cannot go to standard output: name a file or a folder with --out")
    plan = ExportPlan(kind=kind, filters=filters, is_personal=personal)
    is_folder = path is not None and (out.endswith("/") or path.is_dir())
    rows = write(database_url, Export(plan, form, path, is_folder), days)
    note(f"{count(rows, 'row')} exported.")


def write(database_url: str, export: "Export", days: list[date]) -> int:
    """Run the export, and show its progress. Exits with code 1 when the reader of standard output has gone away."""
    from storage.export.rows import OutputClosed, OutputError
    from storage.export.run import run_export

    progress = Progress("rows" if export.form == "parquet" else "bytes")
    stream = sys.stdout.buffer
    with exit_on(OutputError):
        try:
            rows = run(
                database_url,
                lambda connection: run_export(connection, export, days, stream, progress),
                statement_s=STATEMENT_S,
            )
            stream.flush()
        except (OutputClosed, BrokenPipeError):
            # Such as `head`, which has what it wanted. Python itself would complain when it ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(1) from None
    return rows


class Progress:
    """Shows how far an export is on standard error: a line a day, and on a terminal the amount meanwhile."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._shown_at = 0.0

    def on_amount(self, amount: int) -> None:
        now = time.monotonic()
        if sys.stderr.isatty() and now - self._shown_at > SHOW_S:
            self._shown_at = now
            print(f"\r{amount:,} {self._unit}", end="", file=sys.stderr, flush=True)

    def on_day(self, day: date, rows: int | None) -> None:
        begin = "\r\x1b[K" if sys.stderr.isatty() else ""
        note(f"{begin}{day}: {'there already' if rows is None else count(rows, 'row')}")


def choose_days(first: date, end: date | None, *, include_today: bool) -> list[date]:
    """Return the days to export. The running day is left out unless asked for. Raises CommandError."""
    from storage.export.plan import days_between

    today = datetime.now(UTC).date()
    latest = today + timedelta(days=1) if include_today else today
    if end is not None and end <= first:
        raise CommandError("--to must be later than --from: it is the day after the last one")
    if end is not None and end > latest:
        note(f"The export ends before {latest}: later days are not complete (--include-today adds the running one).")
    days = days_between(first, min(end or latest, latest))
    if not days:
        raise CommandError(f"--from {first} has no complete day yet: choose an earlier one, or add --include-today")
    return days


def choose_filters(
    kind: str, entities: Sequence[str | None], only_clicks: dict[str, str | None], reason: str | None
) -> "Filters":
    """Return the filters. Raises CommandError for one that the kind does not have."""
    from storage.read.click_filters import ClickFilters
    from storage.read.queries import RejectionFilters

    program, affiliate, code = entities
    if kind == "rejections":
        if given := [name for name, value in only_clicks.items() if value is not None]:
            raise CommandError(f"{given[0]} is for clicks only")
        return RejectionFilters(program_id=program, affiliate_id=affiliate, asked=code, reason=reason)
    if reason is not None:
        raise CommandError("--reason is for rejections only")
    values: dict[str, Any] = {name.removeprefix("--"): value for name, value in only_clicks.items()}
    return ClickFilters(program_id=program, affiliate_id=affiliate, code=code, **values)
