"""The subcommand: what can be wrong is said in one sentence, and nothing is left running."""

import sys

import typer


def up() -> None:
    """Run the whole pipeline here, on real Kafka, PostgreSQL and Valkey, until Ctrl-C."""
    import asyncio
    import os

    from cli.up.run import run_up
    from cli.up.screen import open_screen
    from deploy.local.errors import LocalStackError
    from identity.keys import KeyRingError
    from runtime.errors import DependencyAway, SettingsError
    from runtime.migrations import MigrationError

    screen = open_screen(terminal=sys.stdout.isatty())
    try:
        with screen:
            asyncio.run(run_up(dict(os.environ), screen))
    except asyncio.CancelledError:
        # Ctrl-C, or SIGTERM from whatever supervises this.
        screen.say("Stopped. The data are kept: the next `make up` goes on with them.")
    except (LocalStackError, SettingsError, DependencyAway, MigrationError, KeyRingError) as error:
        print(f"clickrail up: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
