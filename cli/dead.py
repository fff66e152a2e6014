"""`clickrail dead`: records that a stage could not process, and sending them again when the cause is fixed."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cli import output
from cli.database import CommandError, run
from cli.errors import exit_on
from cli.letter_options import From, Reason, To, Topic, choose, filters_of, read_name
from cli.letter_words import describe_counts, describe_letter, describe_summary, total_of
from cli.options import DatabaseUrl
from cli.tables import Prefix, Servers, read_environment

if TYPE_CHECKING:
    import asyncpg

    from storage.letter_states import Attempt, LetterCounts
    from storage.read.letter_names import LetterName
    from storage.read.records import StoredLetter

dead = typer.Typer(help="Dead letters: records that a stage could not process.", no_args_is_help=True)

MAX_NAMED = 20


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
    from storage.letter_states import LetterSummary, count_letters, list_letters

    filters = filters_of(reason, topic, since, until)

    async def work(connection: "asyncpg.Connection") -> "tuple[list[LetterSummary], LetterCounts]":
        return await list_letters(connection, filters, limit), await count_letters(connection, filters)

    letters, counts = run(database_url, work)
    if as_json:
        output.show_json(letters)
        return
    rows = [describe_summary(one) for one in letters]
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
    output.show_one(describe_letter(found, attempts))


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
        note_refused(done.refused)
        raise typer.Exit(1)


def note_refused(letters: "Sequence[LetterName]") -> None:
    for name in letters[:MAX_NAMED]:
        output.note(f"{name} was not sent: {name.topic} refuses it (larger than max.message.bytes, or invalid)")
    output.note("Raise max.message.bytes of the topic, then run the replay again: nothing is sent twice.")
