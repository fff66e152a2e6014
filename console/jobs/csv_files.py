"""The jobs that write a CSV: all clicks of a view, or a report that reads too much for a page.

Each is as of when it was asked for: a range such as the last week is that of then.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec
from multidict import MultiDict

from console.clicks import csv_file as clicks_csv
from console.clicks.all_pages import PAGE, read_all
from console.clicks.asked import Asked, find_asked
from console.clicks.filters import Filters
from console.clicks.past_clicks import PastClicks, read_past_clicks
from console.clicks.picks import Picks
from console.jobs.failures import JobFailed
from console.jobs.files import MEGABYTE, FileWriter
from console.jobs.runner import EVERY_S, Proceed, Work
from console.jobs.table import Job
from console.reports import csv_file as report_csv
from console.reports.csv_file import CsvReport
from console.reports.reading import explain
from console.reports.reading_all import read_all as read_report
from console.reports.request import read_request
from console.view.today import read_today
from runtime.postgres import Session, connected
from runtime.shared_settings import DatabaseUrl
from storage.read.asking.large import LARGE_S, ask_anyway

T = TypeVar("T")

READING: Final = Session(
    application="clickrail console files", connect_s=5.0, statement_s=LARGE_S, server_s=LARGE_S, read_only=True
)
LINES_MOST: Final = 2_000_000
CANCEL_S: Final = 5.0


class Source(msgspec.Struct, frozen=True):
    """Where files are read from, and how many bytes all of them may have together."""

    database_url: DatabaseUrl
    most_bytes: int

    def connect(self) -> AbstractAsyncContextManager[Any]:
        """Open a connection that can only read."""
        return connected(self.database_url.reveal(), READING)


def make_file_works(database_url: DatabaseUrl, most_mb: int) -> Mapping[str, Work]:
    """Give the work of each kind. Each reads on a connection of its own."""
    source = Source(database_url, most_mb * MEGABYTE)
    return {"clicks_file": partial(write_clicks, source), "report_file": partial(write_report, source)}


async def write_clicks(source: Source, connection: Any, job: Job, proceed: Proceed) -> str:
    """Write the log of a view, newest first, at most LINES_MOST lines. Raises JobFailed without room for them."""
    async with source.connect() as reader:
        asked = await find_asked(reader, read_query(job), job.asked_at)
        file, count = FileWriter(connection, job.job_id, source.most_bytes), 0
        await file.write(clicks_csv.write_records([clicks_csv.list_titles(asked.today.zone)]))
        async for lines, _ in read_all(partial(read_page, reader), end_at_asking(asked)):
            kept = lines[: LINES_MOST - count]
            count += len(kept)
            await file.write(clicks_csv.write_records(clicks_csv.make_record(line, asked.today.zone) for line in kept))
            await proceed(count)
            if count == LINES_MOST:
                break
    await file.keep(clicks_csv.name_file(Picks(asked.view).with_own(), job.asked_at))
    if count == LINES_MOST:
        return f"The newest {count:,} rows: clickrail export clicks writes any number"
    return count_rows(count)


async def read_page(reader: Any, filters: Filters) -> PastClicks:
    return await read_past_clicks(reader, filters, PAGE)


def end_at_asking(asked: Asked) -> Filters:
    """Let the log end when it was asked for, unless its range ends before."""
    filters, now = asked.filters, asked.today.now
    return msgspec.structs.replace(filters, until=min(filters.until or now, now))


async def write_report(source: Source, connection: Any, job: Job, proceed: Proceed) -> str:
    """Write a report, however many clicks are read for it. Raises JobFailed if that cannot be done either."""
    request, _ = read_request(read_query(job))
    async with source.connect() as reader:
        today = await read_today(reader, job.asked_at)
        asking = read_report(reader, request, today, partial(ask_anyway, timeout_s=LARGE_S))
        report = await watch(asking, proceed)
    if not isinstance(report, CsvReport):
        raise JobFailed(f"This cannot be answered: {explain(report)}")
    file = FileWriter(connection, job.job_id, source.most_bytes)
    for lines in report_csv.write_csv(report):
        await file.write(lines)
        await proceed(0)
    await proceed(len(report.groups))
    await file.keep(report_csv.name_file(request, today))
    return count_rows(len(report.groups))


def read_query(job: Job) -> MultiDict[str]:
    return MultiDict(parse_qsl(job.parameters["query"], keep_blank_values=True))


def count_rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"


async def watch(work: Awaitable[T], proceed: Proceed) -> T:
    """Await some work, and look meanwhile whether the job is cancelled: then it ends. Raises as both do."""
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=EVERY_S)
            await proceed(0)
        return task.result()
    finally:
        task.cancel()
        # Its connection may have a statement open, which a frozen server does not cancel (MagicStack/asyncpg#1326).
        await asyncio.wait({task}, timeout=CANCEL_S)
