"""`clickrail migrate` and `clickrail topics apply`: what the services need before they start."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.failing import failing_clearly

if TYPE_CHECKING:
    from runtime.topics import Applied

topics = typer.Typer(help="Kafka topics of the contract.", no_args_is_help=True)

DatabaseUrl = Annotated[str, typer.Option(envvar="CLICKRAIL_DATABASE_URL", show_default=False, help="PostgreSQL")]
Servers = Annotated[
    str, typer.Option(envvar="CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS", show_default=False, help="host:port, comma-separated")
]
Prefix = Annotated[str, typer.Option(envvar="CLICKRAIL_KAFKA_TOPIC_PREFIX", help="stands before every topic's name")]

PACKAGES = ("referrals", "sink")
"""Whose migrations there are, in the order they are applied."""


def migrate(database_url: DatabaseUrl) -> None:
    """Bring the tables up to date. Safe to run twice, and from two places at once."""
    import asyncio

    import asyncpg

    from runtime.migrations import MigrationError

    with failing_clearly(MigrationError, OSError, asyncpg.PostgresError):
        applied = asyncio.run(apply_migrations(database_url))
    for name in applied:
        print(f"applied {name}")
    if not applied:
        print("The tables are up to date.")


async def apply_migrations(database_url: str) -> list[str]:
    """Apply what is missing; give the names of the files that were applied."""
    import asyncpg

    from runtime.migrations import find_migrations
    from runtime.migrations import migrate as run

    connection = await asyncpg.connect(database_url, timeout=10)
    try:
        applied = await run(connection, [find_migrations(package) for package in PACKAGES])
    finally:
        await connection.close()
    return [f"{one.package} {one.number:04} {one.title}" for one in applied]


@topics.command()
def apply(kafka_bootstrap_servers: Servers, kafka_topic_prefix: Prefix = "") -> None:
    """Create the topics that are missing, report how the others differ, delete nothing. Exit code 1 on differences."""
    import asyncio

    from runtime.errors import DependencyAway

    with failing_clearly(DependencyAway):
        applied = asyncio.run(apply_contract(kafka_bootstrap_servers.split(","), kafka_topic_prefix))
    for topic in applied:
        print(f"{topic.name}: {'created' if topic.created else 'stands'}")
        for difference in topic.differences:
            print(f"  differs: {difference}")
    if any(topic.differences for topic in applied):
        raise typer.Exit(1)


async def apply_contract(servers: list[str], prefix: str) -> "list[Applied]":
    import logging

    import msgspec

    from runtime.topics import apply_topics
    from schemas import TOPICS

    # What aiokafka has to say is in the error, in one line.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    return await apply_topics(servers, [msgspec.structs.replace(topic, name=prefix + topic.name) for topic in TOPICS])
