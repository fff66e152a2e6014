"""Write SQL from fixed texts and bound values. Pure."""

from collections.abc import Sequence
from typing import Any

import msgspec


class Statement(msgspec.Struct, frozen=True):
    """A statement and its values."""

    text: str
    values: tuple[Any, ...]


class Values:
    """The values of a statement; equal ones are bound once."""

    def __init__(self) -> None:
        self._values: list[Any] = []

    def bind(self, value: object, type_: str) -> str:
        """Bind a value of an SQL type; return its place."""
        for number, known in enumerate(self._values, 1):
            if type(known) is type(value) and known == value:
                return f"${number}::{type_}"
        self._values.append(value)
        return f"${len(self._values)}::{type_}"

    def finish(self, text: str) -> Statement:
        return Statement(text, tuple(self._values))


def select(columns: str, tables: str, where: Sequence[str], group_by: str = "") -> str:
    """Write a SELECT of fixed texts."""
    group = f"GROUP BY {group_by}" if group_by else ""
    return " ".join(("SELECT", columns, "FROM", tables, "WHERE", " AND ".join(where) or "true", group)).rstrip()


def sum_up(what: str, query: str) -> str:
    """Write a scalar: the sum over a query."""
    return "(" + select(f"coalesce(sum({what}), 0)::bigint", f"({query}) AS summed", ()) + ")"


def count_at_most(tables: str, where: Sequence[str], most: int) -> str:
    """Write a scalar: the number of rows, of which one more than `most` are counted."""
    return "(" + select("count(*)", f"({select('', tables, where)} LIMIT {most + 1}) AS counted", ()) + ")"
