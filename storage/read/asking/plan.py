"""Plans: which tables answer a question, how many rows are read at most and why. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec

from storage.read.asking.question import Problem, Question, Span
from storage.read.asking.scope import Scope
from storage.read.asking.segments import Grain
from storage.read.asking.state import RollupState

MOST_ROLLUP_ROWS: Final = 50_000
MOST_CLICK_ROWS: Final = 8_000
MOST_PENDING: Final = 20_000
"""If more clicks are not in the rollups yet, they are left out, and the answer says so."""
MOST_LISTED: Final = 1_000

Kind = Literal["rollups", "busy", "minutes", "rows", "index", "quiet", "pending", "hidden", "after"]


class Source(msgspec.Struct, frozen=True):
    """Rows that a plan reads; `most` of them, or null before they are counted. What came `after` is taken away."""

    kind: Kind
    begin: datetime
    end: datetime
    why: str
    grain: Grain = "rows"
    most: int | None = None


class Plan(msgspec.Struct, frozen=True):
    """How a question is answered. Without a scope it is answered from rows of `clicks` alone."""

    question: Question
    state: RollupState
    span: Span
    scope: Scope | None
    sources: tuple[Source, ...]

    @property
    def rolled(self) -> Span | None:
        """The range for which `click_rollups` is read."""
        rolled = [source for source in self.sources if source.kind in ("rollups", "busy")]
        return Span(rolled[0].begin, rolled[-1].end) if rolled else None

    @property
    def is_bounded(self) -> bool:
        """Whether only the busiest are added up, and the others are known to be below them."""
        return any(source.kind == "busy" for source in self.sources)

    def most_rows(self, *kinds: Kind) -> int:
        return sum(source.most or 0 for source in self.sources if source.kind in kinds)

    @property
    def most_of_rollups(self) -> int:
        """The most rows of rollups, or entries of an index, that are read."""
        return self.most_rows("rollups", "busy", "minutes", "index")

    @property
    def most_of_clicks(self) -> int:
        """The most rows of `clicks` that are read, beside those of pending batches."""
        return self.most_rows("rows", "quiet", "after")

    @property
    def is_within_budget(self) -> bool:
        is_small = self.most_of_rollups <= MOST_ROLLUP_ROWS and self.most_of_clicks <= MOST_CLICK_ROWS
        return is_small and not self.most_rows("hidden")


class NotKept(msgspec.Struct, frozen=True):
    """The clicks that would have to be counted are gone."""

    reason: str


class TooLarge(msgspec.Struct, frozen=True):
    """Answering now would read too much: `about` so many clicks, or null if nobody knows. A job may count them."""

    about: int | None
    reason: str

    def __str__(self) -> str:
        return self.reason if self.about is None else f"about {self.about:,} clicks would be read: {self.reason}"


Refusal = Problem | NotKept | TooLarge


def fill_in(plan: Plan, counts: Sequence[int]) -> Plan:
    """Give the plan with the rows that were counted for those sources that have no number yet."""
    left = iter(counts)
    sources = (
        source if source.most is not None else msgspec.structs.replace(source, most=next(left))
        for source in plan.sources
    )
    return msgspec.structs.replace(plan, sources=tuple(sources))


def explain_excess(plan: Plan) -> str:
    if hidden := plan.most_rows("hidden"):
        return f"on {hidden:,} days a value may be among (other), so the clicks themselves must be read"
    if plan.most_of_rollups > MOST_ROLLUP_ROWS:
        return f"more than the {MOST_ROLLUP_ROWS:,} rows of counts that a page may read"
    return f"more than the {MOST_CLICK_ROWS:,} that a page may read"
