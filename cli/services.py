"""`clickrail ingest|enricher|sink|console`: run one service, with its settings from the environment."""

import os
import sys
from typing import Annotated

import typer


def ingest(
    workers: Annotated[
        int | None, typer.Option(help="Processes on the port; instead of CLICKRAIL_INGEST_WORKERS.")
    ] = None,
) -> None:
    """Run the redirect service."""
    # Another program takes over this process: a supervisor is to be small, and what the command imports is not. It
    # starts workers by the name of their module, which is not to be looked for in the folder we happen to be in.
    environ = {**os.environ, "PYTHONSAFEPATH": "1"}
    if workers is not None:
        environ["CLICKRAIL_INGEST_WORKERS"] = str(workers)
    os.execve(sys.executable, [sys.executable, "-m", "ingest"], environ)  # noqa: S606 - a list, no shell


def enricher() -> None:
    """Run the enricher."""
    from enricher.service import serve
    from enricher.settings import Settings
    from runtime.process import run

    run("enricher", Settings, serve)


def sink() -> None:
    """Run the sink."""
    from runtime.process import run
    from sink.service import serve
    from sink.settings import Settings

    run("sink", Settings, serve)


def console() -> None:
    """Run the console."""
    from console.service import serve
    from console.settings import Settings
    from runtime.process import run

    run("console", Settings, serve)
