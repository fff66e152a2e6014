"""Writes rows to a Parquet file. Needs the package pyarrow (the extra `parquet`)."""

import importlib
from collections.abc import Mapping
from typing import IO, Any, Final

import asyncpg

from storage.export.rows import OutputError

GROUP: Final = 20_000
"""Rows of a row group: readers such as DuckDB skip whole groups."""
MISSING: Final = (
    "Parquet needs the package pyarrow: install it with `pip install 'clickrail[parquet]'`, or use csv or jsonl"
)
SIMPLE: Final = {
    "bool": "bool_",
    "int2": "int16",
    "int4": "int32",
    "int8": "int64",
    "float4": "float32",
    "float8": "float64",
}


class ParquetFile:
    """A Parquet file that is being written. Rows wait in memory, compact, until a row group is full."""

    def __init__(self, file: IO[bytes]) -> None:
        self._arrow = load_pyarrow()
        self._parquet = importlib.import_module("pyarrow.parquet")
        self._file = file
        self._schema: Any = None
        self._writer: Any = None
        self._waiting: list[Any] = []

    def begin(self, types: Mapping[str, str]) -> None:
        """Set the columns; a file keeps those of its first day."""
        if self._writer is None:
            self._schema = self._arrow.schema([(name, self._type_of(kind)) for name, kind in types.items()])
            self._writer = self._parquet.ParquetWriter(self._file, self._schema, compression="zstd")

    def write(self, rows: list[asyncpg.Record]) -> None:
        """Write a batch of rows. Raises OutputError."""
        columns = zip(*rows, strict=True)
        arrays = [self._arrow.array(column, kind.type) for column, kind in zip(columns, self._schema, strict=True)]
        self._waiting.append(self._arrow.RecordBatch.from_arrays(arrays, schema=self._schema))
        if sum(batch.num_rows for batch in self._waiting) >= GROUP:
            self._flush()

    def close(self) -> None:
        """Write the end of the file. Raises OutputError."""
        if self._writer is None:
            return
        self._flush()
        try:
            self._writer.close()
        except OSError as error:
            raise OutputError(f"cannot write the output: {error.strerror or error}") from error

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        try:
            if waiting:
                self._writer.write_table(self._arrow.Table.from_batches(waiting), row_group_size=GROUP * 2)
        except OSError as error:
            raise OutputError(f"cannot write the output: {error.strerror or error}") from error

    def _type_of(self, kind: str) -> Any:
        if kind == "timestamptz":
            return self._arrow.timestamp("us", tz="UTC")
        if kind == "text[]":
            return self._arrow.list_(self._arrow.string())
        return getattr(self._arrow, SIMPLE.get(kind, "string"))()


def load_pyarrow() -> Any:
    """Import pyarrow. Raises OutputError with what to install."""
    try:
        return importlib.import_module("pyarrow")
    except ImportError:
        raise OutputError(MISSING) from None
