"""`clickrail backfill`: store what Kafka still has again, in an empty or damaged table."""

import sys
import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.database import CommandError, run
from cli.errors import exit_on
from cli.options import DatabaseUrl
from cli.output import count, note, show_table
from cli.tables import Prefix, Servers, read_environment

if TYPE_CHECKING:
    import asyncpg

    from runtime.kafka.security import KafkaSecurity
    from storage.backfill.run import BackfillReport
    from storage.backfill.topic_records import RecordReader

FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ"]
STATEMENT_S: Final = 600.0
SHOW_S: Final = 5.0
From = Annotated[
    datetime, typer.Option("--from", metavar="TIME", formats=FORMATS, help="the first moment, UTC: 2026-11-20")
]
To = Annotated[
    datetime | None,
    typer.Option("--to", metavar="TIME", formats=FORMATS, help="the moment after the last one, UTC; without it now"),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="only say what is missing, and store nothing")]


def backfill(
    database_url: DatabaseUrl,
    kafka_bootstrap_servers: Servers,
    since: From,
    until: To = None,
    kafka_topic_prefix: Prefix = "",
    dry_run: DryRun = False,
) -> None:
    """Read clicks and rejections of a time from Kafka again, and store those that the tables lack.

    Safe to run at any time, twice, and beside the sink: each record is stored once. Kafka has what its retention left
    (7 days). Clicks of days that were dropped, and what was erased, is not stored again.
    """
    from runtime.errors import SettingsError

    first = since.replace(tzinfo=UTC)
    end = until.replace(tzinfo=UTC) if until else datetime.now(UTC)
    servers = kafka_bootstrap_servers.split(",")
    with exit_on(CommandError, SettingsError):
        if end <= first:
            raise CommandError("--to must be later than --from")
        security = read_environment(servers)
    work = partial(run_backfill, (servers, kafka_topic_prefix), (first, end), security, dry_run)
    report = run(database_url, work, statement_s=STATEMENT_S)
    show_report(report, dry_run=dry_run)


async def run_backfill(
    where: tuple[list[str], str],
    times: tuple[datetime, datetime],
    security: "KafkaSecurity",
    dry_run: bool,
    connection: "asyncpg.Connection",
) -> "BackfillReport":
    """Store what is missing, and show the progress. Raises CommandError if the topics cannot be read."""
    from schemas import CLICKS_ENRICHED, CLICKS_REJECTED
    from sink.pipeline import build_row
    from storage.backfill.run import Backfill
    from storage.backfill.tables import DryRun, Tables
    from storage.backfill.topic_records import open_records
    from storage.topic_consumer import SKEW, TopicUnreadable

    servers, prefix = where
    tables = Tables(connection)
    await tables.prepare()
    work = Backfill(DryRun(connection) if dry_run else tables, partial(build_row, prefix=prefix, now=times[1]), *times)
    topics = [prefix + topic.name for topic in (CLICKS_ENRICHED, CLICKS_REJECTED)]
    try:
        async with open_records(servers, topics, security) as reader:
            # A replayed record is much later in its topic than its click: all that follows is read.
            for topic, begins in (await reader.seek(times[0] - SKEW)).items():
                note(f"{topic} begins at {begins:%Y-%m-%dT%H:%MZ}: Kafka has deleted what is older (retention.ms).")
            progress = Progress(work.report, reader)
            await work.run(reader.read(), progress.show)
    except TopicUnreadable as error:
        raise CommandError(f"{error}. {count(sum(work.report.new.values()), 'record')} stored so far") from None
    return work.report


class Progress:
    """Shows now and then how far a backfill is, on standard error."""

    def __init__(self, report: "BackfillReport", reader: "RecordReader") -> None:
        self._report = report
        self._reader = reader
        self._shown_at = time.monotonic()

    def show(self) -> None:
        if time.monotonic() - self._shown_at < SHOW_S:
            return
        self._shown_at = time.monotonic()
        note(
            f"{self._report.read:,} read, {sum(self._report.new.values()):,} new,"
            f" {self._reader.remaining:,} to be read at most"
        )


def show_report(report: "BackfillReport", *, dry_run: bool) -> None:
    """Print a line for each table, and what was not stored with the reason."""
    rows = [[table, str(report.new[table]), str(report.there[table])] for table in sorted({*report.new, *report.there})]
    show_table(("table", "missing" if dry_run else "new", "there_already"), rows)
    sys.stdout.flush()
    note(f"{count(report.read, 'record')} read, {report.other_times:,} of them of other times.")
    if report.too_old:
        note(f"{count(report.too_old, 'click')} not stored: their days were dropped.")
    if report.erased:
        note(f"{count(report.erased, 'record')} not stored: they were erased.")
    for reason, number in report.refused.most_common():
        note(f"{count(number, 'record')} not stored: {reason}")
    for one in report.refusals:
        note(f"  {one.name} {one.reason}: {one.detail}")
    if report.refused:
        note("The sink made dead letters of these, if it read them: see `clickrail dead list`.")
