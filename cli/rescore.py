"""`clickrail rescore`: score the clicks of a time again, with other rules or because late clicks came."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.database import CommandError, run
from cli.errors import exit_on
from cli.options import DatabaseUrl
from cli.output import count, note, show_table
from cli.rules import load_rules
from cli.tables import Prefix, read_environment

if TYPE_CHECKING:
    import asyncpg

    from quality.rules import Rules
    from storage.rescoring import Report

FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ"]
From = Annotated[
    datetime, typer.Option("--from", metavar="TIME", formats=FORMATS, help="the first moment, UTC: 2026-11-20")
]
To = Annotated[
    datetime, typer.Option("--to", metavar="TIME", formats=FORMATS, help="the moment after the last one, UTC")
]
RulesOption = Annotated[
    Path | None,
    typer.Option("--rules", envvar="CLICKRAIL_SETTLER_QUALITY_RULES", help="a rules file; without it the defaults"),
]
Source = Annotated[Literal["table", "topic"], typer.Option(help="where the clicks are read")]
MaybeServers = Annotated[
    str,
    typer.Option(
        envvar="CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS",
        show_default=False,
        help="for --source topic, Kafka's addresses: host:port, comma-separated",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="only say what would change, and write nothing")]


def rescore(  # noqa: PLR0913, PLR0917 - each parameter is an option of the command line
    database_url: DatabaseUrl,
    since: From,
    until: To,
    rules_file: RulesOption = None,
    source: Source = "table",
    kafka_bootstrap_servers: MaybeServers = "",
    kafka_topic_prefix: Prefix = "",
    dry_run: DryRun = False,
) -> None:
    """Score clicks again, and say how many change their band. Old scores are kept; the newest counts.

    The topic has the clicks of its retention (7 days), and needs no rows of `clicks`. The table has all of them.
    """
    from schemas import CLICKS_ENRICHED

    rules = load_rules(rules_file)
    first, end = since.replace(tzinfo=UTC), until.replace(tzinfo=UTC)
    with exit_on(CommandError):
        check_arguments(first, end, source, kafka_bootstrap_servers)
    servers = kafka_bootstrap_servers.split(",")
    topic = f"{kafka_topic_prefix}{CLICKS_ENRICHED.name}"

    async def work(connection: "asyncpg.Connection") -> "Report":
        from storage.rescoring import rescore as score_again
        from storage.settling import TablePass

        await check_evidence(connection, first, end)
        if source == "topic":
            return await rescore_topic(connection, (servers, topic), rules, (first, end), write=not dry_run)
        return await score_again(connection, TablePass(connection, rules, first), rules, end, write=not dry_run)

    report = run(database_url, work)
    with exit_on(CommandError):
        if not report.clicks:
            where = f"the topic {topic}" if source == "topic" else "the table"
            raise CommandError(f"{where} has no clicks from {first:%Y-%m-%dT%H:%MZ} to {end:%Y-%m-%dT%H:%MZ}")
    show_report(report, rules)
    if not dry_run:
        note(f"{count(report.written, 'score')} written; the others were there already.")


def check_arguments(first: datetime, end: datetime, source: str, servers: str) -> None:
    if end <= first:
        raise CommandError("--to must be later than --from")
    if source == "topic" and not servers:
        raise CommandError("--source topic needs Kafka's addresses: set CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS")


async def check_evidence(connection: "asyncpg.Connection", first: datetime, end: datetime) -> None:
    """Raise CommandError if a day has lost the columns that scores are computed from, and that their signals quote."""
    from storage.retention.personal_days import list_emptied_days

    days = await list_emptied_days(connection, first.date(), (end - timedelta(microseconds=1)).date())
    if days:
        raise CommandError(
            f"{count(len(days), 'day')} from {days[0]} to {days[-1]} cannot be scored again: the personal columns were"
            " removed (CLICKRAIL_SINK_PERSONAL_DAYS), and with them the evidence. Begin later"
        )


async def rescore_topic(
    connection: "asyncpg.Connection",
    where: tuple[list[str], str],
    rules: "Rules",
    times: tuple[datetime, datetime],
    *,
    write: bool,
) -> "Report":
    """Score the clicks of the topic again. Raises CommandError if they cannot be read."""
    from storage.rescoring import rescore as score_again
    from storage.topic_clicks import TopicPass, open_topic
    from storage.topic_consumer import TopicUnreadable

    (servers, topic), (first, end) = where, times
    try:
        async with open_topic(servers, topic, read_environment(servers)) as reader:
            settling = TopicPass(reader, rules, first, end)
            report = await score_again(connection, settling, rules, end, write=write)
    except TopicUnreadable as error:
        raise CommandError(str(error)) from None
    if reader.undecodable:
        note(f"{count(reader.undecodable, 'record')} cannot be read and left out: see `clickrail dead list`.")
    if reader.too_late:
        note(
            f"{count(reader.too_late, 'click')} reached the topic more than 15 minutes late and left out:"
            " score these with --source table."
        )
    return report


def show_report(report: "Report", rules: "Rules") -> None:
    """Print bands before and after, and the signals that come and go."""
    note(f"{count(report.clicks, 'click')} with the rules {rules.stamp}; {report.changed:,} change their band:")
    changes = sorted(report.bands.items(), key=lambda item: (item[0][0] == item[0][1], -item[1], item[0]))
    rows = [[before, after, str(number)] for (before, after), number in changes]
    show_table(("band_before", "band_after", "clicks"), rows)
    names = sorted(report.come | report.gone)
    if names:
        show_table(("signal", "come", "gone"), [row_of(name, report.come, report.gone) for name in names])


def row_of(name: str, come: Counter[str], gone: Counter[str]) -> list[str]:
    return [name, str(come[name]), str(gone[name])]
