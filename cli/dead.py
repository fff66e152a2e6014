"""`clickrail dead`: what the stages could not process, and how it is sent again once the cause is mended."""

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli import showing
from cli.database import Failure, run
from cli.failing import failing_clearly
from cli.tables import DatabaseUrl, Prefix, Servers, read_environment

if TYPE_CHECKING:
    import asyncpg

    from sink.replay import LetterCounts, LetterFilters

dead = typer.Typer(help="Dead letters: records that a stage could not process.", no_args_is_help=True)

FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%MZ"]
Reason = Annotated[str | None, typer.Option("--reason", help="a word, as `dead list` shows it")]
Topic = Annotated[str | None, typer.Option("--topic", help="the topic they were read from")]
From = Annotated[datetime | None, typer.Option("--from", formats=FORMATS, help="failed then or later, UTC")]
To = Annotated[datetime | None, typer.Option("--to", formats=FORMATS, help="failed before then, UTC")]


@dead.command("list")
def list_(  # noqa: PLR0913, PLR0917 - typer reads options from parameters
    database_url: DatabaseUrl,
    reason: Reason = None,
    topic: Topic = None,
    since: From = None,
    until: To = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="at most so many lines")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="as one JSON array")] = False,
) -> None:
    """List dead letters, the newest first, with what has become of them."""
    from sink import replay

    filters = filters_of(reason, topic, since, until)

    async def work(connection: "asyncpg.Connection") -> "tuple[list[replay.LetterSummary], LetterCounts]":
        return await replay.list_letters(connection, filters, limit), await replay.count_letters(connection, filters)

    letters, counts = run(database_url, work)
    if as_json:
        showing.show_json(letters)
        return
    rows = [
        [replay.name_of(one), f"{one.failed_at:%Y-%m-%d %H:%M:%SZ}", one.stage, one.reason, one.state, one.detail]
        for one in letters
    ]
    if rows or not sys.stdout.isatty():
        showing.show_table(("letter", "failed at", "stage", "reason", "state", "detail"), rows)
    more = f"; these are the newest {len(letters):,}" if sum(total_of(counts)) > len(letters) else ""
    showing.note(f"{replay.describe_counts(counts)}{more}." if sum(total_of(counts)) else "No dead letters.")


@dead.command()
def show(
    letter: Annotated[str, typer.Argument(help="TOPIC/PARTITION/OFFSET, as `dead list` shows it")],
    database_url: DatabaseUrl,
    raw: Annotated[bool, typer.Option("--raw", help="write the original bytes, and nothing else")] = False,
) -> None:
    """Show one dead letter with its original bytes."""
    from msgspec.structs import asdict

    from sink.queries import find_letter

    with failing_clearly(Failure):
        topic, partition, offset = place_of(letter)
    found = run(database_url, lambda connection: find_letter(connection, topic, partition, offset))
    with failing_clearly(Failure):
        if found is None:
            raise Failure(f"there is no dead letter {letter}: `clickrail dead list` shows those there are")
    if raw:
        sys.stdout.buffer.write(found.letter.value)
        return
    fields = asdict(found.letter) | {"stored_at": found.stored_at}
    texts = {"key": text_of(found.letter.key), "value": text_of(found.letter.value)}
    showing.show_one({name: value for name, value in (fields | texts).items() if name != "schema_version"})


@dead.command()
def replay(  # noqa: PLR0913, PLR0917 - typer reads options from parameters
    database_url: DatabaseUrl,
    kafka_bootstrap_servers: Servers,
    kafka_topic_prefix: Prefix = "",
    reason: Reason = None,
    topic: Topic = None,
    since: From = None,
    until: To = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="count them, and send nothing")] = False,
    again: Annotated[bool, typer.Option("--again", help="also those of an interrupted replay")] = False,
) -> None:
    """Send dead letters again: original bytes, to the topic they were read from. None is sent twice.

    Mend the cause first: what fails once more becomes a new dead letter.
    """
    from runtime.errors import DependencyAway, SettingsError
    from runtime.producer import RecordProducer
    from schemas import TOPICS
    from sink.replay import count_letters, describe_counts
    from sink.replay import replay as send_again

    filters, servers = filters_of(reason, topic, since, until), kafka_bootstrap_servers.split(",")

    async def work(connection: "asyncpg.Connection") -> "tuple[LetterCounts, int, LetterCounts]":
        before = await count_letters(connection, filters)
        if dry_run:
            return before, 0, before
        producer = RecordProducer(servers, client_id="clickrail-replay", security=read_environment(servers))
        try:
            topics = [kafka_topic_prefix + topic.name for topic in TOPICS]
            sent = await send_again(connection, producer, filters, topics, again=again)
        finally:
            await producer.close()
        return before, sent, await count_letters(connection, filters)

    with failing_clearly(DependencyAway, SettingsError):
        before, sent, after = run(database_url, work)
    if dry_run:
        more = before.waiting + (before.unsure if again else 0)
        print(f"{showing.count(more, 'letter')} would be sent again. Now: {describe_counts(before)}.")
        return
    print(
        f"{showing.count(sent, 'letter')} sent again. Before: {describe_counts(before)}. Now: {describe_counts(after)}."
    )


def filters_of(
    reason: str | None, topic: str | None, since: datetime | None, until: datetime | None
) -> "LetterFilters":
    from sink.replay import LetterFilters

    return LetterFilters(reason=reason, topic=topic, since=in_utc(since), until=in_utc(until))


def in_utc(time: datetime | None) -> datetime | None:
    return None if time is None else time.replace(tzinfo=UTC)


def place_of(letter: str) -> tuple[str, int, int]:
    topic, _, rest = letter.partition("/")
    partition, _, offset = rest.partition("/")
    if (
        not (topic and partition.isdecimal() and offset.isdecimal())
        or int(offset) >= 1 << 63
        or int(partition) >= 1 << 31
    ):
        raise Failure(f"{letter!r} is no dead letter's name: it is TOPIC/PARTITION/OFFSET, such as clicks.raw/3/42")
    return topic, int(partition), int(offset)


def total_of(counts: "LetterCounts") -> tuple[int, ...]:
    return counts.waiting, counts.sent, counts.unsure, counts.cut


def text_of(data: bytes | None) -> str | None:
    """Give bytes as text; what is no printable UTF-8 as escapes."""
    if data is None:
        return None
    text = data.decode("utf-8", "backslashreplace")
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
