"""The one statement that answers the question of a plan, and the one that counts before what it would read. Pure."""

from typing import Final

import msgspec

from storage.read.asking.conditions import IS_TOTAL, OF_PROGRAMS
from storage.read.asking.periods import ceil_period
from storage.read.asking.plan import MOST_CLICK_ROWS, MOST_ROLLUP_ROWS, Plan, Source
from storage.read.asking.question import MOST_ROWS, UNITS, Question
from storage.read.asking.scope import KINDS, Scope, column_of, find_entity_filter
from storage.read.asking.sources import ALL_CLICKS, KEYS, SourceReader
from storage.read.asking.sql import Statement, Values, count_at_most, select, sum_up
from storage.rollups.dimensions import DETAILED_FROM
from storage.rollups.measures import DERIVED, RATES

ONE: Final = "(SELECT) AS always"
"""A row without columns."""


def write_statement(plan: Plan) -> Statement:
    """Write the statement that answers the plan's question.

    It gives `pending`, the clicks of batches that are not in the rollups yet, `gone`, `bound`, then the keys, the
    measures, the same of all groups, and the number of groups. There is always a row; without a group its keys are
    null. Affiliates or codes that are in no row have `bound` at most.
    """
    values = Values()
    reader = SourceReader(plan, values)
    queries = {"batches": reader.select_batches()}
    if plan.is_bounded:
        queries["busiest"] = reader.select_busiest()
        queries["whole"] = write_groups(SourceReader(find_whole(plan), values))
    queries |= {"computed": write_groups(reader), "page": write_page(plan, values)}
    pending = sum_up("clicks", select("clicks", "batches", reader.of_pending()))
    columns = f"{pending} AS pending, {reader.count_gone()} AS gone, {write_bound(reader)} AS bound, page.*"
    answer = select(columns, f"{ONE} LEFT JOIN page ON true", ())
    steps = ",\n".join(f"{name} AS MATERIALIZED ({query})" for name, query in queries.items())
    return values.finish(f"WITH {steps}\n{answer} ORDER BY {write_order(plan)}")


def write_groups(reader: SourceReader) -> str:
    """Add up all sources by the keys, and compute the measures."""
    parts = "\nUNION ALL ".join(reader.read(source) for source in reader.plan.sources if source.kind != "hidden")
    sums = ", ".join(f"sum({name})::bigint AS {name}" for name in reader.stored)
    # The keys that are used: each one more is hashed for each row. Without any there is one group, if there are rows.
    used = KEYS[: max(1, len(reader.question.by))]
    keys = ", ".join(used)
    summed = select(f"{keys}, {sums}", f"(\n{parts}) AS counted", (), keys)
    all_keys = ", ".join(key if key in used else f"'' AS {key}" for key in KEYS)
    computed = ", ".join(f"{DERIVED.get(name, name)} AS {name}" for name in reader.question.measures)
    return select(f"{all_keys}, {computed}", f"({summed}) AS summed", ())


def write_page(plan: Plan, values: Values) -> str:
    """Cut the page from all groups. Groups of zeros are none."""
    measures = plan.question.measures
    where = [f"({' OR '.join(f'{name} <> 0' for name in measures)})"]
    where += ["one IN (SELECT entity FROM busiest)"] if plan.is_bounded else []
    total = "(SELECT coalesce(sum({0}), 0)::bigint FROM whole)" if plan.is_bounded else "sum({0}) OVER ()::bigint"
    totals = ", ".join(f"{total.format(name)} AS all_{name}" for name in measures)
    page = select(f"*, {totals}, count(*) OVER () AS groups", "computed", where)
    limit, offset = (values.bind(number, "bigint") for number in (find_limit(plan), plan.question.offset))
    return f"{page} ORDER BY {write_order(plan)} LIMIT {limit} OFFSET {offset}"


def write_bound(reader: SourceReader) -> str:
    """Write the most that one which is not among the busiest can have: few clicks each day, and what else was read."""
    plan = reader.plan
    if not plan.is_bounded:
        return "0::bigint"
    days = next(source for source in plan.sources if source.kind == "busy")
    where = [*OF_PROGRAMS, *IS_TOTAL, *reader.of_periods(days), *reader.of_programs()]
    measure = plan.question.sort or plan.question.measures[0]
    most = select(f"coalesce(max({measure}), 0)", "computed", ["one NOT IN (SELECT entity FROM busiest)"])
    return f"({most}) + {DETAILED_FROM - 1} * ({select('count(*)', 'click_rollups', where)})"


def find_whole(plan: Plan) -> Plan:
    """Give the plan of the same question about whole programs, not grouped."""
    sources = (
        msgspec.structs.replace(source, kind="rollups") if source.kind == "busy" else source for source in plan.sources
    )
    question = msgspec.structs.replace(plan.question, by=())
    return msgspec.structs.replace(plan, question=question, scope=Scope("p"), sources=tuple(sources))


def write_order(plan: Plan) -> str:
    question = plan.question
    times = [key for key, name in zip(KEYS, question.by, strict=False) if name in UNITS]
    return ", ".join([*times, write_sort(question), *KEYS])


def write_sort(question: Question) -> str:
    """Write what sorts the groups. A rate of nothing is below all others."""
    name = question.sort or question.measures[0]
    if name in question.by:
        column = KEYS[question.by.index(name)]
    elif name in RATES:
        part, whole = RATES[name]
        column = f"coalesce({part} / nullif({whole}, 0)::float8, -1)"
    else:
        column = name
    return f"{column} {'ASC' if question.is_ascending else 'DESC'}"


def find_limit(plan: Plan) -> int:
    """Return how many rows are asked for: a series is never cut to a page."""
    return MOST_ROWS if plan.question.unit is not None else plan.question.limit


def write_look(plan: Plan) -> Statement | None:
    """Write the statement that counts what the plan would read; None if that is known."""
    values = Values()
    reader = SourceReader(plan, values)
    counts = [count_source(reader, source) for source in plan.sources if source.most is None]
    return values.finish(f"SELECT {', '.join(counts)}") if counts else None


def count_source(reader: SourceReader, source: Source) -> str:
    """Write a scalar: how many rows reading a source touches, or a few more."""
    match source.kind:
        case "rollups":
            return count_at_most("click_rollups", reader.of_rollups(source), MOST_ROLLUP_ROWS)
        case "busy":
            are_busy = f"entity = ANY (ARRAY({reader.select_busiest()}))"
            of_busy = count_at_most("click_rollups", reader.of_busy(source), MOST_ROLLUP_ROWS)
            of_all = count_at_most("click_rollups", [*reader.of_rollups(source), are_busy], MOST_ROLLUP_ROWS)
            return f"{of_busy} + {of_all}"
        case "minutes":
            return count_at_most("click_minutes", reader.within(source, "minute"), MOST_ROLLUP_ROWS)
        case "hidden":
            return f"({reader.count_hidden(source)})"
        case "quiet":
            return sum_up("clicks", reader.select_quiet(source))
        case _:
            path = find_entity_filter(reader.question)
            where = reader.within(source) + ([] if path is None else [reader.filter(path, column_of(path.field))])
            return count_at_most("clicks", where, MOST_ROLLUP_ROWS if source.kind == "index" else MOST_CLICK_ROWS)


def write_estimate(plan: Plan) -> Statement:
    """Write the statement that counts, by whole days, the clicks that an answer from rows would read."""
    values = Values()
    reader = SourceReader(plan, values)
    path = find_entity_filter(plan.question)
    of = OF_PROGRAMS if path is None else (f"kind = '{KINDS[path.field]}'", reader.filter(path, "entity"))
    days = Source("rollups", plan.span.begin, ceil_period(plan.span.end, "day", plan.state.zone), "", "d")
    clicks = select(f"{ALL_CLICKS} AS clicks", "click_rollups", [*of, *IS_TOTAL, *reader.of_periods(days)])
    return values.finish(f"SELECT {sum_up('clicks', clicks)}")
