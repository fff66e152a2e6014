"""`clickrail journal status|verify|export`: clicks that ingest has accepted and Kafka may not have yet."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from cli.errors import exit_on

journal = typer.Typer(help="The journal: accepted clicks on their way to Kafka.", no_args_is_help=True)

JOURNAL = "journal"
"""The journal's folder in ingest's data folder."""

DataDir = Annotated[
    Path, typer.Option(envvar="CLICKRAIL_INGEST_DATA_DIR", show_default=False, help="ingest's data folder")
]


@journal.command()
def status(data_dir: DataDir) -> None:
    """Show the folder of each worker: whether the worker is alive, files, bytes, clicks, damaged bytes."""
    from ingest.journal.status import NoJournal, count_quarantined_bytes, inspect_journal

    with exit_on(NoJournal, OSError):
        rows = [
            (
                folder.worker,
                "alive" if folder.alive else "left",
                len(folder.segments),
                sum(segment.bytes for segment in folder.segments),
                sum(segment.clicks for segment in folder.segments),
                sum(end - start for segment in folder.segments for start, end in segment.damaged),
            )
            for folder in inspect_journal(data_dir / JOURNAL)
        ]
        aside = count_quarantined_bytes(data_dir / JOURNAL)
    show(("worker", "owner", "files", "bytes", "clicks", "damaged bytes"), rows)
    if not rows:
        print(f"Nothing waits in {data_dir / JOURNAL}.", file=sys.stderr)
    if aside:
        print(f"{aside:,} damaged bytes were moved to {data_dir / JOURNAL / 'damaged'}", file=sys.stderr)


@journal.command()
def verify(data_dir: DataDir) -> None:
    """Read the whole journal, and report damaged bytes. Exit code 1 if there are any."""
    from ingest.journal.status import NoJournal, inspect_journal

    files = clicks = 0
    is_intact = True
    with exit_on(NoJournal, OSError):
        for folder in inspect_journal(data_dir / JOURNAL):
            for segment in folder.segments:
                files += 1
                clicks += segment.clicks
                for start, end in segment.damaged:
                    is_intact = False
                    print(f"{segment.path}: {end - start} bytes damaged at {start}")
    print(f"{files} files, {clicks} clicks: {'all intact' if is_intact else 'damaged; the clicks counted are intact'}")
    if not is_intact:
        raise typer.Exit(1)


@journal.command()
def export(data_dir: DataDir) -> None:
    """Write every intact click to standard output: JSON, one click on each line."""
    from ingest.journal.status import NoJournal
    from ingest.journal.status import export as exported

    with exit_on(NoJournal, OSError):
        for click in exported(data_dir / JOURNAL):
            sys.stdout.buffer.write(click + b"\n")


def show(columns: tuple[str, ...], rows: Sequence[tuple[str | int, ...]]) -> None:
    """Print a table on a terminal, or lines with tabs in a pipe; both with a header."""
    if not sys.stdout.isatty():
        for row in (columns, *rows):
            print(*row, sep="\t")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(f"{cell:,}" if isinstance(cell, int) else cell for cell in row))
    Console().print(table)
