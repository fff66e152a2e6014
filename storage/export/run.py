"""Runs an export: to a stream, to one file, or to a folder with a file for each day."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import IO, Protocol

import asyncpg
import msgspec

from storage.export.files import claim_folder, day_file, describe, whole_file
from storage.export.parquet import ParquetFile
from storage.export.plan import ExportPlan, Format
from storage.export.rows import BatchDayWriter, DayWriter, OutputError


class Progress(Protocol):
    """Is told how far an export is."""

    def on_amount(self, amount: int) -> None: ...
    def on_day(self, day: date, rows: int | None) -> None: ...


class Export(msgspec.Struct, frozen=True):
    """What is exported, in which form, and where: a file or a folder, or None for a stream."""

    plan: ExportPlan
    form: Format
    path: Path | None = None
    is_folder: bool = False


async def run_export(
    connection: asyncpg.Connection, export: Export, days: Sequence[date], stream: IO[bytes], progress: Progress
) -> int:
    """Write the days; return how many rows. In a folder, days that are there already are passed over.

    `progress` is told each day that is done, with None for one that was passed over. Raises OutputError, and asyncpg's
    errors.
    """
    if export.path is None:
        return await write_days(connection, export, days, stream, progress)
    if not export.is_folder:
        if export.path.exists():
            raise OutputError(f"{export.path} is there already: remove it, or choose another name")
        with whole_file(export.path) as file:
            return await write_days(connection, export, days, file, progress)
    claim_folder(export.path, describe(export.plan, export.form))
    total = 0
    for day in days:
        path = day_file(export.path, export.plan.kind, day, export.form)
        if path.exists():
            progress.on_day(day, None)
            continue
        with whole_file(path) as file:
            total += await write_days(connection, export, [day], file, progress)
    return total


async def write_days(
    connection: asyncpg.Connection, export: Export, days: Sequence[date], file: IO[bytes], progress: Progress
) -> int:
    """Write the days to one file, one after the other."""
    total = 0
    with open_writer(export, file, progress.on_amount) as writer:
        for day in days:
            rows = await writer.write(connection, day)
            progress.on_day(day, rows)
            total += rows
    return total


@contextmanager
def open_writer(
    export: Export, file: IO[bytes], on_amount: Callable[[int], None]
) -> Iterator[DayWriter | BatchDayWriter]:
    if export.form != "parquet":
        yield DayWriter(export.plan, export.form, file, on_amount)
        return
    parquet = ParquetFile(file)
    yield BatchDayWriter(export.plan, parquet, on_amount)
    parquet.close()
