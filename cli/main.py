"""The command `clickrail`: assembles the subcommands."""

import os
import sys
from pathlib import Path
from typing import Annotated, cast

import typer

from cli import (
    analyst,
    dead,
    geo,
    journal,
    key_export,
    keys,
    offsets,
    partitions,
    probe_links,
    referrals,
    services,
    storage,
    tables,
    tokens,
)
from cli.ask import ask
from cli.attribution import attribution
from cli.backfill import backfill
from cli.erase import erase
from cli.explain import explain
from cli.export import export
from cli.plan import plan
from cli.quality import quality
from cli.rescore import rescore
from cli.retention import retention
from cli.rollups import rollups
from cli.simulate_command import simulate
from cli.status.command import status
from cli.up.command import up
from cli.user import user
from cli.verdict import verdict

app = typer.Typer(
    name="clickrail",
    help="Self-hosted affiliate click tracking.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"clickrail {version('clickrail')}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Self-hosted affiliate click tracking."""


app.command("up", rich_help_panel="Run")(up)
for service in (services.ingest, services.enricher, services.sink, services.settler, services.console):
    app.command(service.__name__, rich_help_panel="Run")(service)
app.command("simulate", rich_help_panel="Run")(simulate)
app.command("status", rich_help_panel="Run")(status)
app.command("ask", rich_help_panel="Look")(ask)
app.command("explain", rich_help_panel="Look")(explain)
app.command("attribution", rich_help_panel="Look")(attribution)
app.command("verdict", rich_help_panel="Look")(verdict)
app.command("export", rich_help_panel="Look")(export)
app.command("rescore", rich_help_panel="Look")(rescore)
app.add_typer(quality, name="quality", rich_help_panel="Look")
app.command("migrate", rich_help_panel="Set up")(tables.migrate)
tables.topics.command()(offsets.lag)
tables.topics.command("reset-offsets")(offsets.reset_offsets)
app.add_typer(tables.topics, name="topics", rich_help_panel="Set up")
app.command("plan", rich_help_panel="Set up")(plan)
app.command("backfill", rich_help_panel="Set up")(backfill)
app.add_typer(dead.dead, name="dead", rich_help_panel="Set up")
app.add_typer(analyst.analyst, name="analyst", rich_help_panel="Set up")
app.add_typer(storage.storage, name="storage", rich_help_panel="Look")
app.add_typer(partitions.partitions, name="partitions", rich_help_panel="Set up")
app.add_typer(user, name="user", rich_help_panel="Set up")
app.command("erase", rich_help_panel="Set up")(erase)
app.add_typer(retention, name="retention", rich_help_panel="Set up")
keys.keys.command("export-token")(key_export.export_token)
app.add_typer(rollups, name="rollups", rich_help_panel="Look")
app.add_typer(keys.keys, name="keys", rich_help_panel="Set up")
app.add_typer(geo.geo, name="geo", rich_help_panel="Set up")
app.add_typer(journal.journal, name="journal", rich_help_panel="Set up")
app.add_typer(referrals.program, name="program", rich_help_panel="Referrals")
app.add_typer(referrals.affiliate, name="affiliate", rich_help_panel="Referrals")
app.add_typer(referrals.code, name="code", rich_help_panel="Referrals")
referrals.code.command("test-link")(probe_links.make_test_link)
app.command("import", rich_help_panel="Referrals")(referrals.import_)
app.add_typer(tokens.token, name="token", rich_help_panel="Referrals")


SECRETS = ("CLICKRAIL_DATABASE_URL", "CLICKRAIL_REDIS_URL")
READ_FILES_THEMSELVES = frozenset({"ingest", "enricher", "sink", "settler", "console", "up", "status"})
"""Subcommands that read all settings, `*_FILE` included, from the environment themselves."""


def read_secret_files() -> None:
    """Read secrets from the files that `*_FILE` variables name, as the services do."""
    if set(sys.argv[1:2]) & READ_FILES_THEMSELVES:
        return
    for name in SECRETS:
        path = os.environ.get(f"{name}_FILE")
        if path and name in os.environ:
            print(f"clickrail: {name} and {name}_FILE are both set: keep one of them", file=sys.stderr)
            sys.exit(2)
        if path:
            try:
                os.environ[name] = Path(path).read_text().strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is not a text"
                print(f"clickrail: {name}_FILE: cannot read {path}: {reason}", file=sys.stderr)
                sys.exit(2)


# typer exports only this one of its usage errors; its base class is that of all of them.
UsageError = cast("type[typer.BadParameter]", typer.BadParameter.__bases__[0])


def main() -> None:
    """Run the command. A usage error is one line on standard error, and exit code 2."""
    try:
        read_secret_files()
        sys.exit(app(standalone_mode=False))
    except UsageError as error:
        # A group without a subcommand has already shown its help, and has no message.
        if message := error.format_message():
            command = f"clickrail {error.ctx.command_path.partition(' ')[2]}".strip() if error.ctx else "clickrail"
            print(f"clickrail: {message.rstrip('.')}. See `{command} --help`.", file=sys.stderr)
        sys.exit(2)
    except typer.Abort:
        sys.exit(130)
