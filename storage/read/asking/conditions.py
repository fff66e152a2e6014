"""The conditions of a plan's question, as SQL: on rows of rollups, minutes and clicks. Pure."""

from datetime import datetime
from typing import Final

from storage.read.asking.plan import Plan, Source
from storage.read.asking.question import ENTITIES, Filter
from storage.read.asking.scope import KINDS, Scope, find_entity_filter
from storage.read.asking.segments import UNIT_OF
from storage.read.asking.sql import Values
from storage.rollups.dimensions import DIMENSIONS

IS_TOTAL: Final = ("dim = 0",)
"""A total has no second dimension either. The index of all totals does not know that, and could not answer alone."""
NOT_BY_TOTALS: Final = ("dim = (SELECT 0::smallint)",)
"""The same, but the index of all totals is not taken for a few of them."""
OF_PROGRAMS: Final = ("kind = 'p'", "entity = ''")


class Conditions:
    """Writes conditions, and binds their values."""

    def __init__(self, plan: Plan, values: Values) -> None:
        self.plan = plan
        self.question = plan.question
        self.scope = plan.scope or Scope("p")
        self.values = values

    @property
    def zone(self) -> str:
        return self.values.bind(self.plan.state.zone_name, "text")

    def filter(self, one: Filter, column: str) -> str:
        values = self.values.bind(list(one.values), "text[]")
        return f"{column} <> ALL ({values})" if one.is_not else f"{column} = ANY ({values})"

    def of_rollups(self, source: Source) -> list[str]:
        """Write the conditions by whose index rows of rollups are found."""
        numbers = [str(one.number) for one in self.scope.dimensions] + ["0", "0"]
        is_total = self.is_total() if numbers[0] == "0" else [f"dim = {numbers[0]}", f"dim2 = {numbers[1]}"]
        return [*self.of_entities(), *is_total, *self.of_periods(source)]

    def is_total(self) -> list[str]:
        """Write the conditions of totals. For a few entities, the index of all totals must not be taken."""
        of_few = self.scope.kind != "p" and find_entity_filter(self.question) is not None
        return [*NOT_BY_TOTALS] if of_few or self.plan.is_bounded else [*IS_TOTAL]

    def of_programs(self) -> list[str]:
        return [self.filter(one, "program_id") for one in self.question.where if one.field == "program"]

    def of_entities(self) -> list[str]:
        if self.scope.kind == "p":
            return [*OF_PROGRAMS]
        filters = (self.filter(one, "entity") for one in self.question.where if one.field in KINDS)
        return [f"kind = '{self.scope.kind}'", *filters]

    def of_periods(self, source: Source) -> list[str]:
        unit = UNIT_OF[source.grain]
        ends = (f"date_trunc('{unit}', {self.bind_time(at)}, {self.zone})" for at in (source.begin, source.end))
        return [f"grain = '{source.grain}'", *map("period {} {}".format, (">=", "<"), ends)]

    def of_values(self) -> list[str]:
        return [self.filter(one, self.name_column(one.field)) for one in self.question.where if one.field in DIMENSIONS]

    def within(self, source: Source, column: str = "clicked_at") -> list[str]:
        return [f"{column} >= {self.bind_time(source.begin)}", f"{column} < {self.bind_time(source.end)}"]

    def bind_time(self, at: datetime) -> str:
        return self.values.bind(at, "timestamptz")

    def name_column(self, field: str) -> str:
        """Give the column of a field in `click_rollups`."""
        if field in ENTITIES:
            return "program_id" if field == "program" else "entity"
        return "value" if self.scope.dimensions[0].name == field else "value2"
