"""The WHERE clause of a question: its words are ours, and its values are bound. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from identity.ulid_time import ulid_time


class Where:
    """A WHERE clause whose words are ours and whose values are bound."""

    def __init__(self, filters: msgspec.Struct, columns: Mapping[str, str]) -> None:
        self.values: list[Any] = []
        given = ((column, getattr(filters, field)) for field, column in columns.items())
        self._conditions = [f"{column} = {self.bind(value)}" for column, value in given if value is not None]

    def bind(self, value: object) -> str:
        self.values.append(value)
        return f"${len(self.values)}"

    def older_than(self, ulid: str | None, time_column: str, id_column: str) -> None:
        if ulid is not None:
            time = self.bind(ulid_time(ulid))
            # The first condition is what partitions are pruned by.
            self._conditions += [
                f"{time_column} <= {time}",
                f"({time_column}, {id_column}) < ({time}, {self.bind(ulid)})",
            ]

    def since(self, time: datetime | None, time_column: str) -> None:
        if time is not None:
            self._conditions.append(f"{time_column} >= {self.bind(time)}")

    def __str__(self) -> str:
        return "WHERE " + " AND ".join(self._conditions) if self._conditions else ""
