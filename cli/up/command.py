"""`clickrail up`. An error is one sentence, and no process is left running."""

import sys
from typing import Annotated

import typer

NAMES = "ingest, enricher, sink, settler, console"

Only = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES", show_default=False, help=f"run only these services: {NAMES}; `servers` runs none of them"
    ),
]
Without = Annotated[
    str | None,
    typer.Option(metavar="NAMES", show_default=False, help="do not run these services: you run them yourself"),
]


def up(only: Only = None, without: Without = None) -> None:
    """Run the whole pipeline on this machine, with real Kafka, PostgreSQL and Valkey, until Ctrl-C."""
    from cli.errors import exit_on
    from cli.up.selection import WrongSelection, select

    with exit_on(WrongSelection):
        selected = select(only, without)
    try:
        import deploy.local.stack  # noqa: F401 - needs the packages of the extra `local`
    except ModuleNotFoundError as error:
        print(
            f"clickrail up: {error.name} is not installed: install clickrail[local], as `make up` does", file=sys.stderr
        )
        raise typer.Exit(1) from None
    run(selected)


def run(selected: tuple[str, ...]) -> None:
    import asyncio
    import os

    from cli.up.run import run_up
    from cli.up.screen import open_screen
    from deploy.local.errors import LocalStackError
    from identity.keys import KeyRingError
    from runtime.errors import DependencyAway, SettingsError
    from runtime.migration_files import MigrationError

    screen = open_screen(terminal=sys.stdout.isatty())
    try:
        with screen:
            asyncio.run(run_up(dict(os.environ), selected, screen))
    except asyncio.CancelledError:
        # Ctrl-C, or SIGTERM from a supervisor.
        screen.say("Stopped. The data are kept for the next `make up`.")
    except (LocalStackError, SettingsError, DependencyAway, MigrationError, KeyRingError) as error:
        print(f"clickrail up: {error}", file=sys.stderr)
        raise typer.Exit(2 if isinstance(error, SettingsError) else 1) from None
