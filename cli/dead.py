"""`clickrail dead`: records that a stage could not process, and sending them again when the cause is fixed."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli import output
from cli.database import CommandError, run
from cli.errors import exit_on
from cli.options import DatabaseUrl
from cli.tables import Prefix, Servers, read_environment

if TYPE_CHECKING:
    import asyncpg

    from storage.letter_states import Attempt, LetterCounts, LetterFilters
    from storage.read.letter_names import LetterName
    from storage.read.records import StoredLetter

dead = typer.Typer(help="Dead letters: records that a stage could not process.", no_args_is_help=True)

MAX_NAMED = 20
FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%MZ"]
Reason = Annotated[str | None, typer.Option("--reason", help="only those with this reason, as `dead list` shows it")]
Topic = Annotated[str | None, typer.Option("--topic", help="the topic that the records were read from")]
From = Annotated[
    datetime | None,
    typer.Option(
        "--from",
        metavar="TIME",
        formats=FORMATS,
        help="only those that failed at this time or later, UTC: 2026-11-20 or 2026-11-20T08:00:00Z",
    ),
]
To = Annotated[
    datetime | None,
    typer.Option("--to", metavar="TIME", formats=FORMATS, help="only those that failed before this time, UTC"),
]


@dead.command("list")
def list_(  # noqa: PLR0913, PLR0917 - typer reads options from parameters
    database_url: DatabaseUrl,
    reason: Reason = None,
    topic: Topic = None,
    since: From = None,
    until: To = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="show at most this many")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="write one JSON array")] = False,
) -> None:
    """List dead letters, the newest first, with their state (waiting, sent again, or why not)."""
    from storage.letter_states import LetterSummary, count_letters, list_letters, name_summary

    filters = filters_of(reason, topic, since, until)

    async def work(connection: "asyncpg.Connection") -> "tuple[list[LetterSummary], LetterCounts]":
        return await list_letters(connection, filters, limit), await count_letters(connection, filters)

    letters, counts = run(database_url, work)
    if as_json:
        output.show_json(letters)
        return
    rows = [
        [
            str(name_summary(one)),
            f"{one.failed_at:%Y-%m-%d %H:%M:%SZ}",
            one.stage,
            one.reason,
            one.state,
            one.detail,
        ]
        for one in letters
    ]
    if rows or not sys.stdout.isatty():
        output.show_table(("letter", "failed at", "stage", "reason", "state", "detail"), rows)
    more = f"; these are the newest {len(letters):,}" if sum(total_of(counts)) > len(letters) else ""
    output.note(f"{describe_counts(counts)}{more}." if sum(total_of(counts)) else "No dead letters.")


@dead.command()
def show(
    letter: Annotated[
        str, typer.Argument(metavar="LETTER", help="TOPIC/PARTITION/OFFSET@DIGEST, as `dead list` shows it")
    ],
    database_url: DatabaseUrl,
    raw: Annotated[bool, typer.Option("--raw", help="write only the original bytes, to standard output")] = False,
) -> None:
    """Show one dead letter with its original bytes, and each time it was sent again."""
    from msgspec.structs import asdict

    from storage.letter_states import list_attempts
    from storage.read.finding import find_letters

    with exit_on(CommandError):
        name = read_name(letter)

    async def work(connection: "asyncpg.Connection") -> "tuple[StoredLetter, list[Attempt]]":
        found = choose(letter, await find_letters(connection, name))
        return found, await list_attempts(connection, found.letter)

    found, attempts = run(database_url, work)
    if raw:
        sys.stdout.buffer.write(found.letter.value)
        return
    fields = asdict(found.letter) | {"stored_at": found.stored_at, "sent_again": [*map(describe_attempt, attempts)]}
    texts = {"key": text_of(found.letter.key), "value": text_of(found.letter.value)}
    output.show_one({name: value for name, value in (fields | texts).items() if name != "schema_version"})


@dead.command()
def replay(  # noqa: PLR0913, PLR0917 - typer reads options from parameters
    database_url: DatabaseUrl,
    kafka_bootstrap_servers: Servers,
    kafka_topic_prefix: Prefix = "",
    reason: Reason = None,
    topic: Topic = None,
    since: From = None,
    until: To = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only count them")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="also send those of an interrupted replay, which Kafka may have already")
    ] = False,
) -> None:
    """Send the original bytes of dead letters again, to the topic they were read from. None is sent twice.

    Fix the cause first: a record that fails again becomes a new dead letter. Exit code 1 if a topic refuses some
    (larger than its max.message.bytes, or invalid): these are listed, and the others are sent.
    """
    from runtime.errors import DependencyAway, SettingsError
    from runtime.kafka.producer import RecordProducer
    from schemas import TOPICS
    from storage.letter_states import count_letters
    from storage.replay import ReplayResult
    from storage.replay import replay as send_again

    filters, servers = filters_of(reason, topic, since, until), kafka_bootstrap_servers.split(",")

    async def work(connection: "asyncpg.Connection") -> "tuple[LetterCounts, ReplayResult, LetterCounts]":
        before = await count_letters(connection, filters)
        if dry_run:
            return before, ReplayResult(0), before
        producer = RecordProducer(servers, client_id="clickrail-replay", security=read_environment(servers))
        try:
            topics = [kafka_topic_prefix + topic.name for topic in TOPICS]
            done = await send_again(connection, producer, filters, topics, again=again)
        finally:
            await producer.close()
        return before, done, await count_letters(connection, filters)

    with exit_on(DependencyAway, SettingsError):
        before, done, after = run(database_url, work)
    if dry_run:
        more = before.sendable(again=again)
        print(f"{output.count(more, 'letter')} would be sent again. Now: {describe_counts(before)}.")
        return
    sent = output.count(done.sent, "letter")
    print(f"{sent} sent again. Before: {describe_counts(before)}. Now: {describe_counts(after)}.")
    if done.refused:
        for name in done.refused[:MAX_NAMED]:
            output.note(f"{name} was not sent: {name.topic} refuses it (larger than max.message.bytes, or invalid)")
        output.note("Raise max.message.bytes of the topic, then run the replay again: nothing is sent twice.")
        raise typer.Exit(1)


def filters_of(
    reason: str | None, topic: str | None, since: datetime | None, until: datetime | None
) -> "LetterFilters":
    from storage.letter_states import LetterFilters

    return LetterFilters(reason=reason, topic=topic, since=in_utc(since), until=in_utc(until))


def in_utc(time: datetime | None) -> datetime | None:
    return None if time is None else time.replace(tzinfo=UTC)


def read_name(letter: str) -> "LetterName":
    from storage.read.letter_names import parse_letter_name

    name = parse_letter_name(letter)
    if name is None:
        raise CommandError(
            f"{letter!r} is not the name of a dead letter: names are TOPIC/PARTITION/OFFSET, such as clicks.raw/3/42,"
            " with @DIGEST if several letters have that place. `clickrail dead list` shows names"
        )
    return name


def choose(asked: str, found: "Sequence[StoredLetter]") -> "StoredLetter":
    """Return the only letter of these. Raises CommandError if there is none, or if there are several."""
    from storage.read.letter_names import distinct_names

    if not found:
        raise CommandError(f"there is no dead letter {asked}: `clickrail dead list` shows all names")
    if len(found) > 1:
        names = ", ".join(map(str, distinct_names([one.letter for one in found])))
        raise CommandError(
            f"{asked} names {len(found)} letters, because the topic was deleted and made again:"
            f" name one of them: {names}"
        )
    return found[0]


def total_of(counts: "LetterCounts") -> tuple[int, ...]:
    return counts.waiting, counts.sent, counts.unsure, counts.refused, counts.cut


def text_of(data: bytes | None) -> str | None:
    """Return bytes as text; bytes that are not printable UTF-8 become escapes."""
    if data is None:
        return None
    text = data.decode("utf-8", "backslashreplace")
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def describe_counts(counts: "LetterCounts") -> str:
    """Describe the counts in one line."""
    parts = [f"{counts.waiting:,} waiting", f"{counts.sent:,} sent again"]
    parts += [f"{counts.unsure:,} unsure (a replay was interrupted; --again sends them)"] if counts.unsure else []
    parts += [f"{counts.refused:,} refused by their topic"] if counts.refused else []
    parts += [f"{counts.cut:,} cut (stored in part, cannot be sent again)"] if counts.cut else []
    return ", ".join(parts)


def describe_attempt(attempt: "Attempt") -> str:
    """Describe one attempt to send a letter, in one line."""
    if attempt.sent_at is not None:
        return f"{attempt.sent_at:%Y-%m-%d %H:%M:%SZ} sent"
    if attempt.refused_at is not None:
        return f"{attempt.refused_at:%Y-%m-%d %H:%M:%SZ} refused by its topic"
    return f"{attempt.begun_at:%Y-%m-%d %H:%M:%SZ} unsure: interrupted"
