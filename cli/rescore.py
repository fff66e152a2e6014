"""`clickrail rescore`: score the clicks of a time again, with other rules or because late clicks came."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.database import run
from cli.options import DatabaseUrl
from cli.output import count, note, show_table
from cli.rules import load_rules

if TYPE_CHECKING:
    import asyncpg

    from quality.rules import Rules
    from storage.rescoring import Report

FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ"]
From = Annotated[
    datetime, typer.Option("--from", metavar="TIME", formats=FORMATS, help="the first moment, UTC: 2026-11-20")
]
To = Annotated[
    datetime, typer.Option("--to", metavar="TIME", formats=FORMATS, help="the moment after the last one, UTC")
]
RulesOption = Annotated[
    Path | None,
    typer.Option("--rules", envvar="CLICKRAIL_SETTLER_QUALITY_RULES", help="a rules file; without it the defaults"),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="only say what would change")]


def rescore(
    database_url: DatabaseUrl, since: From, until: To, rules_file: RulesOption = None, dry_run: DryRun = False
) -> None:
    """Score stored clicks again, and say first how many change their band. Old scores are kept."""
    rules = load_rules(rules_file)
    first, end = since.replace(tzinfo=UTC), until.replace(tzinfo=UTC)

    async def work(connection: "asyncpg.Connection", *, write: bool) -> "Report":
        from storage import rescoring
        from storage.settling import TablePass

        return await rescoring.rescore(connection, TablePass(connection, rules, first), rules, end, write=write)

    show_report(run(database_url, lambda connection: work(connection, write=False)), rules)
    if not dry_run:
        done = run(database_url, lambda connection: work(connection, write=True))
        note(f"{count(done.written, 'score')} written; the others were there already.")


def show_report(report: "Report", rules: "Rules") -> None:
    """Print bands before and after, and the signals that come and go."""
    note(f"{count(report.clicks, 'click')} with the rules {rules.stamp}; {report.changed:,} change their band:")
    changes = sorted(report.bands.items(), key=lambda item: (item[0][0] == item[0][1], -item[1], item[0]))
    rows = [[before, after, str(number)] for (before, after), number in changes]
    show_table(("band_before", "band_after", "clicks"), rows)
    names = sorted(report.come | report.gone)
    if names:
        show_table(("signal", "come", "gone"), [row_of(name, report.come, report.gone) for name in names])


def row_of(name: str, come: Counter[str], gone: Counter[str]) -> list[str]:
    return [name, str(come[name]), str(gone[name])]
