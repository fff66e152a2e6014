"""`clickrail topics lag` and `topics reset-offsets`: show how far a stage has read, and set where it reads next."""

import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from cli import output
from cli.database import CommandError
from cli.errors import exit_on
from cli.tables import Prefix, Servers, read_environment
from schemas.topics import READS

if TYPE_CHECKING:
    from aiokafka import TopicPartition

    from runtime.kafka.groups import GroupClient

TIMEOUT_S: Final = 20.0
RETRY_S: Final = 0.5
Work = Callable[["GroupClient"], Awaitable[list[dict[str, Any]]]]
Stage = Annotated[Literal["enricher", "sink"], typer.Option("--stage", help="the stage whose offsets are set")]


def lag(
    kafka_bootstrap_servers: Servers,
    kafka_topic_prefix: Prefix = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="write one JSON array, with an object for each partition")
    ] = False,
) -> None:
    """Show how many records of each topic a stage has not committed yet, and how many members its group has."""
    lines = [
        line
        for stage in READS
        for line in ask(
            kafka_bootstrap_servers, kafka_topic_prefix, stage, partial(read_lag, stage, kafka_topic_prefix)
        )
    ]
    if as_json:
        output.show_json(lines)
        return
    rows: dict[tuple[str, str], list[int]] = {}
    for line in lines:
        total = rows.setdefault((line["stage"], line["topic"]), [0, 0, line["members"]])
        total[0] += 1
        total[1] += line["lag"]
    table = [
        [*key, str(members), str(partitions), f"{behind:,}"] for key, (partitions, behind, members) in rows.items()
    ]
    output.show_table(("stage", "topic", "members", "partitions", "lag"), table)


def reset_offsets(
    kafka_bootstrap_servers: Servers,
    stage: Stage,
    topic: Annotated[str, typer.Option(help="one of the topics that the stage reads, without the prefix")],
    to: Annotated[str, typer.Option(help="earliest, latest, or a time in UTC such as 2026-11-20T08:00:00Z")],
    kafka_topic_prefix: Prefix = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show what would change, and change nothing")] = False,
) -> None:
    """Set where a stage continues to read. Stop all its processes first: Kafka refuses it while the group has members.

    Reading again changes nothing in the tables: each record is stored once. Going forward leaves records unread. The
    sink keeps its positions in the database, too: it needs CLICKRAIL_DATABASE_URL.
    """
    database_url = os.environ.get("CLICKRAIL_DATABASE_URL")
    with exit_on(CommandError):
        if topic not in READS[stage]:
            raise CommandError(f"the {stage} reads {' and '.join(READS[stage])}, not {topic!r}")
        if stage == "sink" and not database_url:
            raise CommandError(
                "the sink keeps its positions in the database, too, and would go back to them: set"
                " CLICKRAIL_DATABASE_URL"
            )
        since = read_time(to)

    async def work(client: "GroupClient") -> list[dict[str, Any]]:
        places = await client.partitions([kafka_topic_prefix + topic])
        if not places:
            raise CommandError(f"there is no topic {kafka_topic_prefix + topic}: `clickrail topics apply` creates it")
        group = await client.group()
        if group.members and not dry_run:
            raise CommandError(f"the {stage} is running, with {output.count(group.members, 'member')}: stop it first")

        committed, wanted = await client.committed(), await find_offsets(client, places, to, since)
        if not dry_run:
            if stage == "sink" and database_url:
                await move_stored_positions(database_url, wanted)
            await client.commit(wanted)
        return [
            {"partition": place.partition, "from": committed.get(place), "to": wanted[place]}
            for place in sorted(places)
        ]

    changes = ask(kafka_bootstrap_servers, kafka_topic_prefix, stage, work)
    rows = [[str(one["partition"]), output.text_of(one["from"]) or "none", str(one["to"])] for one in changes]
    output.show_table(("partition", "from", "to"), rows)
    print("Nothing was changed." if dry_run else f"The {stage} will continue from there.", file=sys.stderr)


async def move_stored_positions(database_url: str, wanted: "Mapping[TopicPartition, int]") -> None:
    """Set the sink's positions in the database. Raises CommandError."""
    from referrals.connections import connected
    from storage.positions import move_positions

    async with connected(database_url) as connection:
        await move_positions(connection, {(place.topic, place.partition): to for place, to in wanted.items()})


async def read_lag(stage: str, prefix: str, client: "GroupClient") -> list[dict[str, Any]]:
    from runtime.kafka.group_offsets import measure

    offsets = await measure(client, [prefix + name for name in READS[stage]])
    return [
        {
            "stage": stage,
            "topic": place.topic,
            "partition": place.partition,
            "members": offsets.members,
            "committed": offsets.committed.get(place),
            "end": end,
            "lag": offsets.lag(place),
        }
        for place, end in sorted(offsets.ends.items())
    ]


async def find_offsets(
    client: "GroupClient", places: "frozenset[TopicPartition]", to: str, since: datetime | None
) -> "dict[TopicPartition, int]":
    if to == "earliest":
        return dict(await client.starts(places))
    ends = dict(await client.ends(places))
    if since is None:
        return ends
    firsts = await client.since(places, int(since.timestamp() * 1000))
    return {place: firsts[place].offset if place in firsts else end for place, end in ends.items()}


def read_time(to: str) -> datetime | None:
    """Read a time; null for `earliest` and `latest`. Raises CommandError for anything else."""
    if to in ("earliest", "latest"):
        return None
    try:
        time = datetime.fromisoformat(to)
    except ValueError:
        raise CommandError(
            f"--to must be earliest, latest, or a time such as 2026-11-20T08:00:00Z, not {to!r}"
        ) from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def ask(servers: str, prefix: str, stage: str, work: Work) -> list[dict[str, Any]]:
    """Run work with a client of a stage's group. An error is one line, and exit code 2."""
    import asyncio

    from aiokafka.errors import KafkaError

    from runtime.errors import SettingsError
    from runtime.kafka.groups import asking

    async def connected() -> list[dict[str, Any]]:
        addresses = servers.split(",")
        security, group = read_environment(addresses), f"{prefix}clickrail.{stage}"
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                try:
                    async with asking(addresses, group, "clickrail-cli", security) as client:
                        return await work(client)
                except KafkaError as error:
                    # A new cluster creates its topic of offsets when the first group asks for it.
                    if not error.retriable:
                        raise
                await asyncio.sleep(RETRY_S)

    with exit_on(CommandError, SettingsError):
        try:
            return asyncio.run(connected())
        except (KafkaError, OSError, TimeoutError) as error:
            raise CommandError(
                f"Kafka at {servers} does not answer ({type(error).__name__}). Is it running?"
                " CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS says where to look for it"
            ) from None
