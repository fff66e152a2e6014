"""`clickrail import`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.database import run
from cli.errors import exit_on
from cli.options import AsJson, DatabaseUrl, SameName
from cli.output import count, note, show_json

if TYPE_CHECKING:
    from referrals.admin.importer import Imported, NotImported

STANDARD_INPUT = Path("-")


def import_file(  # noqa: PLR0913, PLR0917 - each parameter is an option of the command line
    file: Annotated[Path, typer.Argument(help="CSV with a header, as spreadsheets save it; - for standard input")],
    database_url: DatabaseUrl,
    update: Annotated[bool, typer.Option("--update", help="change codes that exist instead of refusing them")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show what would be done, and change nothing")] = False,
    same_name: SameName = False,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="COLUMN=OURS",
            show_default=False,
            help="read a column of another name, such as Partner=affiliate_id; nothing behind the = leaves it out; "
            "may be repeated",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Import referral codes from a CSV file: all of them, or none, with a list of the wrong lines.

    Columns: code, affiliate_id, program_id; optional: status, target_url, affiliate_name (creates a missing affiliate).
    With --update the file's columns are set in existing codes, and their other settings are kept.
    """
    from referrals.admin.importer import Choices, NotImported
    from referrals.admin.importer import import_file as work

    with exit_on(OSError):
        data = sys.stdin.buffer.read() if file == STANDARD_INPUT else file.read_bytes()
    columns = read_mapping(mapping or [])
    choices = Choices(update=update, dry_run=dry_run, same_name=same_name, columns=columns)
    imported = run(database_url, lambda connection: work(connection, data, choices))
    if as_json:
        show_json(imported)
    if isinstance(imported, NotImported):
        if not as_json:
            show_errors(imported, file)
        raise typer.Exit(2)
    if not as_json:
        print(describe(imported, dry_run=dry_run))


def read_mapping(given: list[str]) -> dict[str, str]:
    """Read which columns have other names. Exits if one is mapped to nothing that is known."""
    from referrals.admin.csv_file import name_column
    from referrals.admin.csv_rows import OPTIONAL, REQUIRED

    known, columns = (*REQUIRED, *OPTIONAL), {}
    for one in given:
        name, sign, ours = one.rpartition("=")
        if not sign or not name or ours not in ("", *known):
            raise typer.BadParameter(f"{one}: write COLUMN=OURS, and OURS is one of {', '.join(known)}")
        columns[name_column(name)] = ours
    return columns


def describe(imported: "Imported", *, dry_run: bool) -> str:
    done = [f"{count(imported.codes, 'code')} added"]
    if imported.updated or imported.unchanged:
        done.append(f"{count(imported.updated, 'code')} updated")
        done.append(f"{count(imported.unchanged, 'code')} unchanged")
    if imported.affiliates:
        done.append(f"{count(imported.affiliates, 'affiliate')} added")
    if imported.renamed:
        done.append(f"{count(imported.renamed, 'affiliate')} renamed")
    return ("Dry run, nothing is changed. It would be: " if dry_run else "") + ", ".join(done)


def show_errors(refused: "NotImported", file: Path) -> None:
    for error in refused.errors:
        note(f"line {error.line}: {error.reason}")
    note(f"clickrail: {file}: nothing was imported ({count(len(refused.errors), 'error')})")
