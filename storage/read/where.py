"""Build a WHERE clause from fixed text and bound values. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from identity.ulid_time import ulid_time


class Where:
    """A WHERE clause: the text is fixed, every value is a bound parameter."""

    def __init__(self, filters: msgspec.Struct, columns: Mapping[str, str]) -> None:
        self.values: list[Any] = []
        given = ((column, getattr(filters, field)) for field, column in columns.items())
        self._conditions = [f"{column} = {self.bind(value)}" for column, value in given if value is not None]

    def bind(self, value: object) -> str:
        self.values.append(value)
        return f"${len(self.values)}"

    def add(self, condition: str) -> None:
        """Add a condition of fixed text, without values."""
        self._conditions.append(f"({condition})")

    def older_than(self, ulid: str | None, time_column: str, id_column: str) -> None:
        if ulid is not None:
            time = self.bind(ulid_time(ulid))
            # PostgreSQL prunes partitions by the first condition.
            self._conditions += [
                f"{time_column} <= {time}",
                f"({time_column}, {id_column}) < ({time}, {self.bind(ulid)})",
            ]

    def since(self, time: datetime | None, time_column: str) -> None:
        if time is not None:
            self._conditions.append(f"{time_column} >= {self.bind(time)}")

    def __str__(self) -> str:
        return "WHERE " + " AND ".join(self._conditions) if self._conditions else ""
