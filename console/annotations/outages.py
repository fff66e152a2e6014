"""Outages and losses in words."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from console.annotations.automatic import Automatic
from storage.read.asking.question import Span
from storage.read.ledger import HoleReport
from storage.read.outages import LostClicks, Refusals, Silence, read_losses, read_refusals, read_silences
from storage.read.queries import Reader

IN_HOURS: Final = timedelta(hours=2)


async def read_outages(reader: Reader, span: Span) -> list[Automatic]:
    """Read the outages and the acknowledged losses of a range. Raises asyncpg's errors."""
    begin, end = span.begin, span.end
    return [
        *map(write_refusals, await read_refusals(reader, begin, end)),
        *(write_silence(one, span) for one in await read_silences(reader, begin, end)),
        *map(write_loss, await read_losses(reader, begin, end)),
    ]


def write_refusals(one: Refusals) -> Automatic:
    visits = count(one.visits, "visit was", "visits were")
    text = f"Redis and PostgreSQL did not answer for {write_length(one.end - one.begin)}: {visits} refused"
    return Automatic(at=one.begin, kind="outage", text=text, public=f"An outage: {visits} refused")


def write_silence(one: Silence, span: Span) -> Automatic:
    text = f"No click was made for {write_length(one.end - one.begin)}: an outage, or nobody came"
    return Automatic(at=max(one.begin, span.begin), kind="outage", text=text, public=text)


def write_loss(one: LostClicks) -> Automatic:
    text = f"{count(one.clicks, 'click was', 'clicks were')} lost"
    return Automatic(at=one.at, kind="loss", text=f"{text}: {one.reason}", public=text)


def write_missing(report: HoleReport | None, span: Span) -> Iterable[Automatic]:
    """Say that clicks are missing which nobody has acknowledged, beside the first of them that is in the range."""
    minutes = [hole.minute for hole in report.holes if span.begin <= hole.minute < span.end] if report else []
    if report is not None and minutes:
        text = f"{count(report.missing, 'click is', 'clicks are')} missing: the ledger does not add up"
        yield Automatic(at=min(minutes), kind="loss", text=text)


def count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def write_length(length: timedelta) -> str:
    """Write a length in minutes, or in hours from two hours on."""
    if length < IN_HOURS:
        return count(round(length.total_seconds() / 60), "minute", "minutes")
    return f"{length.total_seconds() / 3600:.1f} hours"
