"""A plan in words, and what PostgreSQL touched when it ran. Pure but for `explain_plan`."""

from typing import Any

import msgspec

from storage.read.asking.plan import MOST_CLICK_ROWS, MOST_ROLLUP_ROWS, Plan, Source
from storage.read.asking.sql import Statement
from storage.read.asking.statement import write_statement
from storage.read.asking.touched import Touched, count_touched
from storage.read.queries import QUERY_S, Reader

TABLES = {
    "rollups": "click_rollups",
    "busy": "click_rollups",
    "minutes": "click_minutes",
    "rows": "clicks",
    "index": "clicks, the index alone",
    "quiet": "clicks",
    "pending": "clicks",
    "after": "clicks",
}


class Explanation(msgspec.Struct, frozen=True):
    """A plan, its statement, the rows that were touched, and the milliseconds that PostgreSQL needed."""

    plan: Plan
    statement: Statement
    touched: Touched
    milliseconds: float


def describe_plan(plan: Plan) -> list[str]:
    """Describe what is read, how many rows at most, and why."""
    lines = [f"{'counted by' if plan.scope else 'counted from'} {describe_scope(plan)}"]
    lines += [describe_source(source, plan) for source in plan.sources if source.kind != "hidden"]
    lines.append(
        f"at most {plan.most_of_rollups:,} rows of counts (allowed: {MOST_ROLLUP_ROWS:,})"
        f" and {plan.most_of_clicks:,} of clicks (allowed: {MOST_CLICK_ROWS:,}), beside pending ones"
    )
    return lines


def describe_scope(plan: Plan) -> str:
    if plan.scope is None:
        return "rows of clicks"
    return " and ".join(
        filter(None, [{"p": "program", "a": "affiliate", "c": "code"}[plan.scope.kind], plan.scope.names])
    )


def describe_source(source: Source, plan: Plan) -> str:
    begin, end = (f"{at.astimezone(plan.state.zone):%Y-%m-%d %H:%M:%S}" for at in (source.begin, source.end))
    most = "" if source.most is None else f"at most {source.most:,} rows: "
    return f"{TABLES[source.kind]}, {begin} to {end}: {most}{source.why}"


async def explain_plan(reader: Reader, plan: Plan) -> Explanation:
    """Run the plan's statement, and return what PostgreSQL touched. Raises asyncpg's errors."""
    statement = write_statement(plan)
    text = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.text}"
    found = msgspec.json.decode(
        await reader.fetchval(text, *statement.values, timeout=QUERY_S), type=list[dict[str, Any]]
    )
    return Explanation(
        plan, statement, count_touched(found[0]["Plan"]), found[0]["Planning Time"] + found[0]["Execution Time"]
    )
