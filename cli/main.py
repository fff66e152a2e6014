"""The command `clickrail`, put together."""

import sys
from typing import cast

import typer

from cli import keys, referrals, services, tables
from cli.simulate.command import simulate
from cli.up.command import up

app = typer.Typer(
    name="clickrail",
    help="Self-hosted affiliate click tracking.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)

app.command("up", rich_help_panel="Run")(up)
for service in (services.ingest, services.enricher, services.sink, services.console):
    app.command(service.__name__, rich_help_panel="Run")(service)
app.command("simulate", rich_help_panel="Run")(simulate)
app.command("migrate", rich_help_panel="Set up")(tables.migrate)
app.add_typer(tables.topics, name="topics", rich_help_panel="Set up")
app.add_typer(keys.keys, name="keys", rich_help_panel="Set up")
app.add_typer(referrals.program, name="program", rich_help_panel="Referrals")
app.add_typer(referrals.affiliate, name="affiliate", rich_help_panel="Referrals")
app.add_typer(referrals.code, name="code", rich_help_panel="Referrals")
app.command("import", rich_help_panel="Referrals")(referrals.import_)
app.add_typer(keys.token, name="token", rich_help_panel="Referrals")


# typer shows one of its usage errors to the outside; the class behind it is that of all of them.
UsageError = cast("type[typer.BadParameter]", typer.BadParameter.__bases__[0])


def main() -> None:
    """Run the command. A wrong call is one line on standard error and exit code 2, never a page."""
    try:
        sys.exit(app(standalone_mode=False))
    except UsageError as error:
        # A group without a subcommand has shown its help already, and has no more to say.
        if message := error.format_message():
            print(f"clickrail: {message} See `clickrail --help`.", file=sys.stderr)
        sys.exit(2)
    except typer.Abort:
        sys.exit(130)
