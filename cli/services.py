"""`clickrail ingest|enricher|sink|settler|console`: run one service, with its settings from the environment."""

import os
import sys
from typing import Annotated

import typer


def ingest(
    workers: Annotated[
        int | None, typer.Option(help="number of processes that share the port; overrides CLICKRAIL_INGEST_WORKERS")
    ] = None,
) -> None:
    """Run ingest: the service that redirects visitors and records clicks."""
    # Replace this process: the supervisor must stay small, and the command has imported a lot. The supervisor starts
    # workers by module name; PYTHONSAFEPATH keeps Python from looking for the module in the current folder.
    environ = {**os.environ, "PYTHONSAFEPATH": "1"}
    if workers is not None:
        environ["CLICKRAIL_INGEST_WORKERS"] = str(workers)
    os.execve(sys.executable, [sys.executable, "-m", "ingest"], environ)  # noqa: S606 - a list, no shell


def enricher() -> None:
    """Run the enricher: it adds place, device, referrer and bot signals to clicks."""
    from enricher.service import serve
    from enricher.settings import Settings
    from runtime.process import run

    run("enricher", Settings, serve)


def sink() -> None:
    """Run the sink: it writes records from Kafka into PostgreSQL."""
    from runtime.process import run
    from sink.service import serve
    from sink.settings import Settings

    run("sink", Settings, serve)


def settler() -> None:
    """Run the settler: it scores clicks again 15 minutes later, and counts each affiliate's quality by day."""
    from runtime.process import run
    from settler.service import serve
    from settler.settings import Settings

    run("settler", Settings, serve)


def console() -> None:
    """Run the console: the web page for people."""
    from console.service import serve
    from console.settings import Settings
    from runtime.process import run

    run("console", Settings, serve)
