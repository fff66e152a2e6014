"""The subcommand: a table of findings; exit code 1 if anything is wrong."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cli.status.finding import Finding

NAMES = "ingest, enricher, sink, settler, console"

Only = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES", show_default=False, help=f"check only these services: {NAMES}; `servers` checks none of them"
    ),
]
Without = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES", show_default=False, help="do not check these services: they run elsewhere, or not at all"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="write JSON")]
COLUMNS = ("what", "state", "problem", "remedy")


def status(only: Only = None, without: Without = None, as_json: Json = False) -> None:
    """Show what runs, what is wrong, and what to do about it. Exit code 1 if anything is wrong. Changes nothing.

    Checks the services that the CLICKRAIL_* variables of the environment describe, or without those the local stack
    (`make up`) of this folder.
    """
    import asyncio
    import os

    from cli.errors import exit_on
    from cli.output import note, show_json, show_table
    from cli.status.checks import check
    from cli.up.selection import WrongSelection, select
    from runtime.errors import SettingsError

    with exit_on(WrongSelection, SettingsError):
        found = asyncio.run(check(dict(os.environ), select(only, without)))
    if as_json:
        show_json(found)
    else:
        show_table(COLUMNS, [(one.what, one.state, one.problem, one.remedy) for one in found])
    wrong = [one for one in found if one.wrong]
    if sys.stdout.isatty() and not as_json:
        note(summary(found, wrong))
    if wrong:
        raise typer.Exit(1)


def summary(found: "list[Finding]", wrong: "list[Finding]") -> str:
    if not wrong:
        return "All is well."
    hint = " Begin at the top: later problems may follow from earlier ones." if len(wrong) > 1 else ""
    return f"{len(wrong)} of {len(found)} wrong: {', '.join(one.what for one in wrong)}.{hint}"
