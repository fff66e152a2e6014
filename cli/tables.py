"""`clickrail migrate` and `clickrail topics apply`: create the tables and topics that the services need."""

import logging
from typing import TYPE_CHECKING, Annotated

import typer

from cli.database import run
from cli.errors import exit_on
from cli.options import AsJson, DatabaseUrl
from cli.output import note, show_json

if TYPE_CHECKING:
    import asyncpg

    from runtime.comments import TableComments
    from runtime.kafka.security import KafkaSecurity
    from runtime.kafka.topics import Applied
    from runtime.migration_files import MigrationSet
    from runtime.migrations import AppliedMigration

topics = typer.Typer(help="The Kafka topics, and how far each stage has read them.", no_args_is_help=True)

Servers = Annotated[
    str,
    typer.Option(
        envvar="CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS",
        show_default=False,
        help="Kafka's addresses: host:port, comma-separated",
    ),
]
Prefix = Annotated[str, typer.Option(envvar="CLICKRAIL_KAFKA_TOPIC_PREFIX", help="prefix of every topic's name")]

PACKAGES = ("referrals", "storage", "console")
"""The packages that have migrations, in the order in which they are applied."""


Plan = Annotated[
    bool,
    typer.Option(
        "--plan", help="show what would be done and who would wait, and change nothing; 1 if anything is pending"
    ),
]


def migrate(database_url: DatabaseUrl, plan: Plan = False, as_json: AsJson = False) -> None:
    """Create the tables, or bring them up to date. Safe to run twice, and from two machines at once.

    While it waits for a lock, it waits a second or two at a time, and says on standard error for whom.
    """
    from runtime.migration_files import MigrationError

    if plan:
        show_plan(database_url, as_json=as_json)
        return
    with exit_on(MigrationError):
        applied, notes = run(database_url, bring_up_to_date)
    for line in (*applied, *notes):
        print(line)
    if not applied:
        print("The tables are up to date.")


def show_plan(database_url: str, *, as_json: bool) -> None:
    from cli.migration_plan import describe_plan
    from runtime.migration_files import MigrationError, find_migrations
    from runtime.migration_plan import plan_migrations

    packages = [find_migrations(package) for package in PACKAGES]
    with exit_on(MigrationError):
        planned = run(database_url, lambda connection: plan_migrations(connection, packages))
    if as_json:
        show_json(planned)
    else:
        print("\n".join(describe_plan(planned)))
    if planned.is_pending:
        raise typer.Exit(1)


async def apply_migrations(database_url: str) -> list[str]:
    """Bring the tables up to date. Raises MigrationError, and what `runtime.postgres.connect` raises."""
    from referrals.connections import connected

    async with connected(database_url) as connection:
        applied, _ = await bring_up_to_date(connection)
        return applied


async def bring_up_to_date(connection: "asyncpg.Connection") -> tuple[list[str], list[str]]:
    """Create TimescaleDB's extension where it is preloaded, apply missing migrations, then make the rest.

    The rest: the next partitions, and views and comments for analysts.
    Returns the names of the migrations applied, and what else there is to say.
    """
    from runtime.migration_files import find_migrations
    from runtime.migration_state import find_skipped, read_state
    from runtime.migrations import migrate as run_migrations
    from runtime.timescaledb import create_timescaledb
    from storage.analysts.prepare import prepare_for_analysts
    from storage.days import prepare_upcoming_days

    packages = [find_migrations(package) for package in PACKAGES]
    is_created = await create_timescaledb(connection)
    await drop_views_before(connection, packages)
    applied = await run_migrations(connection, packages, note)
    await prepare_upcoming_days(connection)
    notes = [
        f"skipped {one.package} {one.number:04} {one.title}: it is for {one.directives.only} only"
        for one in find_skipped(packages, await read_state(connection))
        if applied
    ]
    notes += await prepare_for_analysts(connection, describe_referrals())
    created = ["created the extension timescaledb"] if is_created else []
    return created + [describe_applied(one) for one in applied], notes


async def drop_views_before(connection: "asyncpg.Connection", packages: "list[MigrationSet]") -> None:
    """Drop the analysts' views if there are migrations to apply; they are made again after these."""
    from runtime.migration_state import find_pending, read_state
    from storage.analysts.prepare import drop_views

    is_new = await connection.fetchval("SELECT to_regclass('schema_migrations') IS NULL")
    if not is_new and find_pending(packages, await read_state(connection)):
        await drop_views(connection)


def describe_referrals() -> "dict[str, TableComments]":
    from referrals.reference import TABLES
    from storage.analysts.prepare import write_comments

    return {name: write_comments(text, columns) for name, (text, columns) in TABLES.items()}


def describe_applied(one: "AppliedMigration") -> str:
    resumed = " (an earlier run had not finished it)" if one.is_resumed else ""
    return f"applied {one.package} {one.number:04} {one.title}{resumed}"


@topics.command()
def apply(kafka_bootstrap_servers: Servers, kafka_topic_prefix: Prefix = "") -> None:
    """Create missing topics, and report existing ones that differ. Changes and deletes none; exit code 1 if any differ.

    TLS and password come from the same CLICKRAIL_KAFKA_* variables as for the services.
    """
    import asyncio

    from runtime.errors import DependencyAway, SettingsError

    servers = kafka_bootstrap_servers.split(",")
    with exit_on(DependencyAway, SettingsError):
        applied = asyncio.run(apply_contract(servers, kafka_topic_prefix, read_environment(servers)))
    for topic in applied:
        print(f"{topic.name}: {'created' if topic.created else 'exists'}")
        for difference in topic.differences:
            print(f"  differs: {difference}")
    if any(topic.differences for topic in applied):
        raise typer.Exit(1)


def read_environment(servers: list[str]) -> "KafkaSecurity":
    """Read TLS and password settings from the environment. Raises SettingsError, which names the variable."""
    import os

    from runtime.kafka.security import read_security
    from runtime.kafka.settings import KafkaSettings
    from runtime.settings import load

    given = {name: value for name, value in os.environ.items() if name.startswith("CLICKRAIL_KAFKA_")}
    return read_security(load(KafkaSettings, given | {"CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": ",".join(servers)}))


async def apply_contract(servers: list[str], prefix: str, security: "KafkaSecurity | None" = None) -> "list[Applied]":
    import msgspec

    from runtime.errors import DependencyAway
    from runtime.kafka.security import PLAINTEXT
    from runtime.kafka.topics import apply_topics
    from schemas import TOPICS

    last_message = LastLogMessage(logging.ERROR)
    logging.getLogger("aiokafka").addHandler(last_message)
    logging.getLogger("aiokafka").propagate = False
    wanted = [msgspec.structs.replace(topic, name=prefix + topic.name) for topic in TOPICS]
    try:
        return await apply_topics(servers, wanted, security or PLAINTEXT)
    except DependencyAway as error:
        raise DependencyAway(f"{error} {last_message.text}".rstrip()) from error


class LastLogMessage(logging.Handler):
    """Keeps aiokafka's last log message: its exceptions do not say that a certificate or password was refused."""

    text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text = record.getMessage()
