"""The SQL that reads each source of a plan: its keys, and the stored measures that are needed. Pure."""

from collections.abc import Callable, Sequence
from typing import Final

from storage.read.asking.conditions import NOT_BY_TOTALS, Conditions
from storage.read.asking.periods import Unit, list_days
from storage.read.asking.plan import MOST_PENDING, Plan, Source
from storage.read.asking.question import ENTITIES, UNITS, Filter
from storage.read.asking.scope import column_of
from storage.read.asking.sql import Values, select, sum_up
from storage.rollups.dimensions import DIMENSIONS, OTHER
from storage.rollups.measures import DERIVED, MEASURES

KEYS: Final = ("one", "other", "third", "fourth")
"""As many as a question has things to group by, a unit of time among them."""
KEY_PLACES: Final = ", ".join(str(place) for place in range(1, len(KEYS) + 1))
ALL_CLICKS: Final = "people + bots + app_fetches + prefetches + tests"
SAME_DAY: Final = ("kind", "entity", "dim", "grain", "period", "program_id", "dim2")
GONE: Final = "period < (SELECT max(until) FROM rollup_days)"
ROLLED: Final = "coalesce(batch_id, 0) <> ALL (ARRAY(SELECT batch_id FROM batches))"


class SourceReader(Conditions):
    """Writes what reads the sources of one plan. The statement has `batches`, and `busiest` if the plan is bounded."""

    def __init__(self, plan: Plan, values: Values) -> None:
        super().__init__(plan, values)
        self.stored = list_stored(plan.question.measures)
        texts = [MEASURES[name] for name in self.stored]
        texts += [column_of(name) for name in find_fields(plan) if name not in UNITS]
        # The verdict that counts costs two look-ups a click.
        self.clicks = "clicks_now" if any("now_" in text for text in texts) else "clicks"

    def read(self, source: Source) -> str:
        """Write the rows of a source."""
        match source.kind:
            case "rollups":
                return self._read_rollups(source)
            case "busy":
                return self._read_rollups(source, "entity = ANY (ARRAY(SELECT entity FROM busiest))")
            case "minutes":
                return self._read_minutes(source)
            case "pending":
                return self._read_pending(source)
            case "quiet":
                return self._read_quiet(source)
            case _:
                return self._read_rows(source)

    def _read_rollups(self, source: Source, *more: str) -> str:
        where = [*self.of_rollups(source), *self.of_programs(), *self.of_values(), *more]
        keys = self._keys(self._name_period, self.name_column)
        return select(f"{keys}, {', '.join(self.stored)}", "click_rollups", where)

    def _read_minutes(self, source: Source) -> str:
        keys = self._keys(lambda unit: self._name_time(unit, "minute"), lambda _: "program_id")
        where = [*self.within(source, "minute"), *self.of_programs()]
        return select(f"{keys}, {', '.join(self.stored)}", "click_minutes", where)

    def _read_rows(self, source: Source) -> str:
        if source.kind == "after":
            return self._count_clicks(self.clicks, [*self.within(source), ROLLED], sign="-")
        return self._count_clicks(self.clicks, self.within(source))

    def _read_pending(self, source: Source) -> str:
        at = f"{self.clicks}.clicked_at"
        ends = (self.bind_time(one) for one in (source.begin, source.end))
        # ALL: by these conditions PostgreSQL leaves out partitions, and looks up no index. OFFSET 0: it looks up each
        # batch by its index, however many clicks it believes that a batch has.
        where = [f"{self.clicks}.batch_id = few.batch_id"] + [
            f"{at} {operator} ALL (ARRAY[{end}])"
            for operator, end in zip((">=", "<=", ">=", "<"), ("few.first_at", "few.last_at", *ends), strict=True)
        ]
        are_few = f"({select('sum(clicks)', 'batches', self.of_pending())}) <= {MOST_PENDING}"
        tables = (
            f"({select('*', 'batches', [*self.of_pending(), are_few])}) AS few"
            f" CROSS JOIN LATERAL ({select('*', self.clicks, where)} OFFSET 0) AS {self.clicks}"
        )
        return self._count_clicks(tables, [])

    def of_pending(self) -> list[str]:
        """Write the condition of the batches that may have clicks of the range: others came later on its last day."""
        return [f"first_at < {self.bind_time(self.plan.span.end)}"]

    def _read_quiet(self, source: Source) -> str:
        days = list_days(source.begin, source.end, self.plan.state.zone)
        types = ("date[]", "timestamptz[]", "timestamptz[]")
        arrays = ", ".join(self.values.bind([day[place] for day in days], type_) for place, type_ in enumerate(types))
        entity = "affiliate_id" if self.scope.kind == "a" else "code"
        # OFFSET 0: PostgreSQL must look up each of these days by its index, and not read all clicks of the range.
        where = [f"{entity} = quiet.entity", "clicked_at >= begins", "clicked_at < ends", *self.within(source)]
        clicks = f"{select('*', self.clicks, where)} OFFSET 0"
        tables = (
            f"({self.select_quiet(source)}) AS quiet JOIN unnest({arrays}) AS days (day, begins, ends) USING (day)"
            f" JOIN LATERAL ({clicks}) AS {self.clicks} ON {self.clicks}.program_id = ANY (quiet.programs)"
        )
        return self._count_clicks(tables, [*self.within(source), ROLLED])

    def select_quiet(self, source: Source) -> str:
        """Select days on which affiliates or codes are without dimensions in some programs, and their clicks in all."""
        day = f"(period AT TIME ZONE {self.zone})::date"
        where = [*self.of_entities(), *self.is_total(), *self.of_periods(source), f"({GONE}) IS NOT TRUE"]
        are_quiet = " AND ".join(["NOT detailed", *self.of_programs()])
        columns = f"{day} AS day, entity, array_agg(program_id) FILTER (WHERE {are_quiet}) AS programs"
        # Grouped by the period: its day is written for each group, not for each row.
        days = select(f"{columns}, sum({ALL_CLICKS}) AS clicks", "click_rollups", where, "period, entity")
        return f"{days} HAVING bool_or({are_quiet})"

    def select_busiest(self) -> str:
        """Select the affiliates or codes that are marked as busy on a day of the range."""
        days = next(source for source in self.plan.sources if source.kind == "busy")
        return select("DISTINCT entity", "click_rollups", [*self.of_programs(), *self.of_busy(days)])

    def of_busy(self, source: Source) -> list[str]:
        """Write the conditions of days of busy affiliates and codes: with no more, their index alone answers."""
        _, *periods = self.of_periods(source)
        return [*self.of_entities(), "detailed", *NOT_BY_TOTALS, *periods]

    def count_hidden(self, source: Source) -> str:
        """Count the days with other values on which a value of a filter has no row; of months, all with others."""
        filters = [one for one in self.question.where if one.field in DIMENSIONS]
        return f"SELECT {' + '.join(f'({self._count_hidden(source, one)})' for one in filters)}"

    def _count_hidden(self, source: Source, one: Filter) -> str:
        other = self.values.bind(OTHER, "text")
        where = [*self.of_entities(), *self.of_periods(source), *self.of_programs(), f"value = {other}"]
        where += [f"dim = {DIMENSIONS[one.field].number}", "dim2 = 0"]
        if source.grain != "m":
            same = [f"own.{name} = click_rollups.{name}" for name in SAME_DAY]
            is_own = self.filter(Filter(one.field, one.values), "own.value")
            own = select("count(*)", "click_rollups AS own", [*same, is_own])
            where.append(f"({own}) < {len(set(one.values))}")
        return select("count(*)", "click_rollups", where)

    def count_gone(self) -> str:
        """Write a scalar: the clicks of days without dimensions whose rows are gone."""
        days = next((source for source in self.plan.sources if source.kind == "quiet"), None)
        if days is None:
            return "0::bigint"
        where = [
            *self.of_entities(),
            *self.is_total(),
            *self.of_periods(days),
            *self.of_programs(),
            "NOT detailed",
            GONE,
        ]
        return sum_up("clicks", select(f"{ALL_CLICKS} AS clicks", "click_rollups", where))

    def _count_clicks(self, tables: str, where: Sequence[str], sign: str = "") -> str:
        keys = self._keys(lambda unit: self._name_time(unit, "clicked_at"), self._click_column)
        # As the columns of rollups are: the sum of bigint is a numeric, which takes twice as long.
        counts = ", ".join(f"{sign}count(*) FILTER (WHERE {MEASURES[name]})::integer AS {name}" for name in self.stored)
        filters = [self.filter(one, self._click_column(one.field)) for one in self.question.where]
        return select(f"{keys}, {counts}", tables, [*where, *filters], KEY_PLACES)

    def _keys(self, of_time: Callable[[Unit], str], of_field: Callable[[str], str]) -> str:
        """Write the columns of the keys."""
        texts = [of_time(name) if name in UNITS else f'{of_field(name)} COLLATE "C"' for name in self.question.by]
        return ", ".join(f"{text} AS {key}" for text, key in zip([*texts, *["''"] * len(KEYS)], KEYS, strict=False))

    def _name_period(self, unit: Unit) -> str:
        return "period" if unit == "hour" else self._name_time(unit, "period")

    def _name_time(self, unit: Unit, column: str) -> str:
        """Write the name of the period of a time, as `periods.name_period` gives it."""
        if unit == "hour":
            return f"date_trunc('hour', {column}, {self.zone})"
        if unit == "minute":
            return f"date_trunc('minute', {column}, 'UTC')"
        local = f"({column} AT TIME ZONE {self.zone})"
        return f"{local}::date" if unit == "day" else f"date_trunc('month', {local})::date"

    def _click_column(self, field: str) -> str:
        return f"{self.clicks}.{ENTITIES[field]}" if field in ENTITIES else column_of(field)

    def select_batches(self) -> str:
        """Select the pending batches that may have clicks of the range that is read from rollups."""
        rolled = self.plan.rolled
        where = ["rolled_at IS NULL"]
        where += ["false"] if rolled is None else [
            f"last_at >= {self.bind_time(rolled.begin)}", f"first_at < {self.bind_time(rolled.end)}"
        ]  # fmt: skip
        return select("batch_id, clicks, first_at, last_at", "rollup_batches", where)


def find_fields(plan: Plan) -> set[str]:
    return {*plan.question.by, *(one.field for one in plan.question.where)}


def list_stored(measures: Sequence[str]) -> list[str]:
    """List the stored measures from which these follow."""
    needed = {word for name in measures for word in DERIVED.get(name, name).split()}
    return [name for name in MEASURES if name in needed]
