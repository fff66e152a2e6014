"""Which rows of the rollups answer a question: of programs, affiliates or codes, and by which dimensions. Pure."""

from typing import Final, Literal

import msgspec

from storage.read.asking.question import ENTITIES, Filter, Question
from storage.rollups.dimensions import CUT, DIMENSIONS, PAIRS, Dimension

Kind = Literal["p", "a", "c"]

KINDS: Final[dict[str, Kind]] = {"affiliate": "a", "code": "c"}
KIND_NAMES: Final[dict[Kind, str]] = {"p": "program", "a": "affiliate", "c": "code"}


class Scope(msgspec.Struct, frozen=True):
    """The kind of rows, and at most two dimensions in the order of their numbers. Affiliates and codes have one."""

    kind: Kind
    dimensions: tuple[Dimension, ...] = ()

    @property
    def names(self) -> str:
        return " and ".join(one.name for one in self.dimensions)

    @property
    def is_detail(self) -> bool:
        """Whether the busy have such rows and the quiet have none."""
        return self.kind != "p" and bool(self.dimensions)

    @property
    def has_cut_pair(self) -> bool:
        """Whether only the busiest values have such rows."""
        return len(self.dimensions) > 1 and any(one.name in CUT for one in self.dimensions)


def find_scope(question: Question) -> Scope | str:
    """Find the rows of the rollups that answer a question, or the reason why none do."""
    named = {*question.by, *(one.field for one in question.where)}
    kinds = {kind for name, kind in KINDS.items() if name in named}
    dimensions = tuple(DIMENSIONS[name] for name in DIMENSIONS if name in named)
    if len(kinds) > 1:
        return "nothing is counted by affiliate and code together"
    if dimensions and question.unit in ("minute", "hour"):
        return f"nothing is counted by {question.unit} and {dimensions[0].name} together"
    kind: Kind = kinds.pop() if kinds else "p"
    if kind != "p" and question.unit == "minute":
        return f"minutes are counted for whole programs, not by {KIND_NAMES[kind]}"
    return check_dimensions(Scope(kind, dimensions))


def check_dimensions(scope: Scope) -> Scope | str:
    names = scope.names
    if len(scope.dimensions) > (2 if scope.kind == "p" else 1):
        return f"nothing is counted by {names} together" + (
            "" if scope.kind == "p" else f" for each {KIND_NAMES[scope.kind]}"
        )
    if len(scope.dimensions) == 2 and scope.dimensions not in PAIRS:  # noqa: PLR2004 - a pair
        return f"nothing is counted by {names} together"
    if scope.has_cut_pair:
        return f"only the busiest values are counted by {names} together"
    return scope


def find_filters(question: Question, *fields: str) -> list[Filter]:
    return [one for one in question.where if one.field in fields]


def find_entity_filter(question: Question) -> Filter | None:
    """Return the filter by affiliate or code by whose index rows are found, if there is one."""
    found = [one for one in find_filters(question, "code", "affiliate") if not one.is_not]
    return max(found, key=lambda one: one.field == "code", default=None)


def column_of(field: str) -> str:
    """Give the SQL of a field over a row of `clicks_now`."""
    return ENTITIES[field] if field in ENTITIES else DIMENSIONS[field].sql
