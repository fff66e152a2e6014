"""Reads the rows of a day and writes them to a file, as a stream: memory does not grow with the rows."""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from typing import IO, Any, Final, Protocol

import asyncpg

from runtime.comments import quote_text
from runtime.postgres import transaction
from runtime.postgres_errors import ERRORS
from storage.analysts.prepare import HAS_REFERRALS
from storage.export.plan import ExportPlan, Format, write_csv, write_json

STATEMENT_S: Final = 24 * 3600.0
FETCHED: Final = 2_000
SETTINGS: Final = "SET LOCAL transaction_read_only = on; SET LOCAL statement_timeout = 0; SET LOCAL jit = off"
JSON_LINES: Final = {"format": "csv", "quote": "\x01", "delimiter": "\x02"}
"""JSON has neither control characters nor line feeds, so that these options write it as it is, one object a line."""


class OutputError(Exception):
    """The output cannot be written. The message says which, and why."""


class OutputClosed(OutputError):  # noqa: N818 - named after the condition
    """Nobody reads the output any more."""


class Batches(Protocol):
    """Takes rows in batches, such as a Parquet file."""

    def begin(self, types: Mapping[str, str]) -> None: ...
    def write(self, rows: list[asyncpg.Record]) -> None: ...


class DayWriter:
    """Writes days to a text file, one after the other. `on_bytes` is called with the number of bytes written so far."""

    def __init__(self, plan: ExportPlan, form: Format, file: IO[bytes], on_bytes: Callable[[int], None]) -> None:
        self._plan = plan
        self._is_csv = form == "csv"
        self._file = file
        self._on_bytes = on_bytes
        self._bytes = 0
        self._has_header = False
        self._error: OutputError | None = None

    async def write(self, connection: asyncpg.Connection, day: date) -> int:
        """Write the rows of a day; return how many. Raises asyncpg's errors, and OutputError, after closing."""

        async def take(data: bytes) -> None:
            self._write(data)
            if self._error is not None:
                # asyncpg would wait for ever for the rest of a COPY that its reader has left.
                connection.terminate()
                raise self._error

        async def copy(select: str, values: list[Any], types: Mapping[str, str]) -> int:
            statement = write_csv(select, types) if self._is_csv else write_json(select, types)
            options = {"format": "csv", "header": not self._has_header} if self._is_csv else JSON_LINES
            query = inline(statement, values)
            status = await connection.copy_from_query(query, output=take, timeout=STATEMENT_S, **options)
            self._has_header = True
            return int(status.rsplit(" ", 1)[1])

        try:
            return await read_day(connection, self._plan, day, copy)
        except ERRORS as error:
            if self._error is not None:
                raise self._error from error
            raise

    def _write(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except BrokenPipeError:
            self._error = OutputClosed("closed")
        except OSError as error:
            self._error = OutputError(f"cannot write the output: {error.strerror or error}")
        self._bytes += len(data)
        self._on_bytes(self._bytes)


class BatchDayWriter:
    """Writes days to a file that takes rows in batches. `on_rows` is called with the number of rows written so far."""

    def __init__(self, plan: ExportPlan, batches: Batches, on_rows: Callable[[int], None]) -> None:
        self._plan = plan
        self._batches = batches
        self._on_rows = on_rows

    async def write(self, connection: asyncpg.Connection, day: date) -> int:
        """Write the rows of a day; return how many. Raises OutputError, and asyncpg's errors."""

        async def fetch(select: str, values: list[Any], types: Mapping[str, str]) -> int:
            self._batches.begin(types)
            count = 0
            # A cursor of our own: asyncpg's needs a named statement, which a pooler may give to another client.
            await connection.execute(f"DECLARE exported NO SCROLL CURSOR FOR {inline(select, values)}")
            while rows := await connection.fetch(f"FETCH {FETCHED} FROM exported", timeout=STATEMENT_S):
                self._batches.write(rows)
                count += len(rows)
                self._on_rows(count)
            await connection.execute("CLOSE exported")
            return count

        return await read_day(connection, self._plan, day, fetch)


async def read_day(
    connection: asyncpg.Connection,
    plan: ExportPlan,
    day: date,
    use: Callable[[str, list[Any], Mapping[str, str]], Awaitable[int]],
) -> int:
    """Call `use` in a read-only transaction with the statement of a day, its values, and the types of its columns."""
    async with transaction(connection):
        await connection.execute(SETTINGS)
        select, values = plan.write_day(day, names=await connection.fetchval(HAS_REFERRALS))
        prepared = await connection.prepare(select, name="")
        types = {attribute.name: attribute.type.name for attribute in prepared.get_attributes()}
        return await use(select, values, types)


def inline(select: str, values: list[Any]) -> str:
    """Put the values, texts and times, into a statement: COPY and DECLARE take no parameters."""
    return re.sub(r"\$(\d+)", lambda place: write_value(values[int(place[1]) - 1]), select)


def write_value(value: str | datetime) -> str:
    return f"'{value.isoformat()}'::timestamptz" if isinstance(value, datetime) else quote_text(value)
