"""The SQL that counts clicks into the cells of `click_rollups`, for the roller, moves, rebuild and verify. Pure.

A statement is made of common table expressions: `clicked` (clicks with their time's hour and day, and what they are
counted by), `counted_rows` (those that are counted, or taken out: `sign`), and from there `cells`.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from storage.rollups.batches import ADD_UP, MINUTES_KEPT, MOVES, NAMES
from storage.rollups.dimensions import CUT, DIMENSIONS, OTHER, PAIRS
from storage.rollups.measures import MEASURES

ZONE: Final = "(SELECT zone FROM rollup_state)"
COUNTED_FROM: Final = "(SELECT counted_from FROM rollup_state)"
KEY: Final = ("kind", "entity", "dim", "grain", "period", "program_id", "dim2", "value", "value2")
CAPPED: Final = ("region", "os", "browser", "referrer_host", "utm_source", "utm_medium", "utm_campaign")
"""The dimensions whose values others choose: only these can have more than MOST_VALUES."""
CAPPED_NUMBERS: Final = tuple(DIMENSIONS[name].number for name in CAPPED)
CUT_NUMBERS: Final = tuple(DIMENSIONS[name].number for name in CUT)
VERDICT: Final = ("is_unique", "band", "ivt_class")
OF_VERDICT: Final = DIMENSIONS["ivt_class"]
FIXED: Final = tuple(one for one in DIMENSIONS.values() if one is not OF_VERDICT)
FACTS: Final = "program_id, affiliate_id, code, is_bot, is_test, prefetch, bot_kind, limited_by"
PENDING: Final = """
    EXISTS (SELECT FROM rollup_batches one WHERE one.batch_id = clicks_now.batch_id AND one.rolled_at IS NULL)
"""
IS_COUNTED: Final = f"clicks_now.clicked_at >= {COUNTED_FROM} AND NOT {PENDING}"
"""Whether `click_rollups` has a click: its batch is rolled, or it is older than batches and was counted since."""


class GroupingSet(msgspec.Struct, frozen=True):
    """What cells of one kind are counted by: columns of `mapped`, and what they are in `click_rollups`."""

    grain: str
    kind: str
    columns: tuple[str, ...]
    dim: int = 0
    dim2: int = 0


ENTITIES: Final = {"p": (), "a": ("affiliate_id",), "c": ("code",)}
DETAILED: Final = {"p": (), "a": ("detailed_affiliate",), "c": ("detailed_code",)}


def list_pairs() -> Iterable[GroupingSet]:
    for one, other in PAIRS:
        cut = [each.number for each in (one, other) if each.number in CUT_NUMBERS]
        prefix = "both" if len(cut) == len(CUT_NUMBERS) else "cut"
        columns = [f"{prefix if each.number in cut else 'd'}{each.number}" for each in (one, other)]
        yield GroupingSet("d", "p", ("day", *columns), one.number, other.number)


TOTALS: Final = tuple(
    GroupingSet(grain, kind, (column, *entity))
    for grain, column in (("h", "hour"), ("d", "day"))
    for kind, entity in ENTITIES.items()
)
VALUES: Final = {
    kind: tuple(GroupingSet("d", kind, ("day", *entity, f"d{one.number}"), one.number) for one in DIMENSIONS.values())
    for kind, entity in DETAILED.items()
}
PAIRED_SETS: Final = tuple(list_pairs())
ALL_SETS: Final = (*TOTALS, *VALUES["p"], *VALUES["a"], *VALUES["c"], *PAIRED_SETS)

CUTS: Final = tuple(f"{prefix}{number}" for prefix in ("cut", "both") for number in CUT_NUMBERS)
DIMS: Final = tuple(f"d{one.number}" for one in DIMENSIONS.values())
GROUPED: Final = ("hour", "day", "affiliate_id", "code", "detailed_affiliate", "detailed_code", *DIMS, *CUTS)
"""All columns that a set may name."""


def write_clicked(source: str, is_counted: str = IS_COUNTED) -> str:
    """Give `clicked`, the clicks of `source` (FROM and WHERE), and `changed`: those counted by an older verdict."""
    values = ", ".join(f"{one.sql} AS d{one.number}" for one in FIXED)
    kept = ", ".join(f"kept.{name} AS kept_{name}" for name in VERDICT)
    return f"""
        clicked AS MATERIALIZED (
            SELECT clicks_now.click_id, clicks_now.clicked_at, {FACTS}, {values},
                date_trunc('minute', clicks_now.clicked_at, 'UTC') AS minute,
                date_trunc('hour', clicks_now.clicked_at, {ZONE}) AS hour,
                date_trunc('day', clicks_now.clicked_at, {ZONE}) AS day,
                clicks_now.is_unique AS live_is_unique, fraud_band AS live_band, fraud_ivt_class AS live_ivt_class,
                now_is_unique, now_band, now_ivt_class, {is_counted} AS is_counted
            {source}
        ), known_verdicts AS (
            SELECT clicked.*, kept.click_id IS NOT NULL AS is_kept, {kept}
            FROM clicked LEFT JOIN rollup_verdicts kept USING (clicked_at, click_id)
        ), changed AS MATERIALIZED (
            SELECT * FROM (
                SELECT *, {", ".join(write_old(name) for name in VERDICT)} FROM known_verdicts
            ) AS compared
            WHERE ({", ".join(f"old_{name}" for name in VERDICT)})
                IS DISTINCT FROM ({", ".join(f"now_{name}" for name in VERDICT)})
        )
    """  # noqa: S608 - fixed texts


def write_old(name: str) -> str:
    return f"CASE WHEN is_kept THEN kept_{name} ELSE live_{name} END AS old_{name}"


def write_signed(verdict: str, sign: int) -> str:
    """Give the columns of a click with one of its verdicts (`old` or `now`)."""
    values = ", ".join(f"d{one.number}" for one in FIXED)
    names = ", ".join(f"{verdict}_{name} AS now_{name}" for name in VERDICT)
    of_verdict = OF_VERDICT.sql.replace("now_ivt_class", f"{verdict}_ivt_class")
    return f"{sign} AS sign, minute, hour, day, {FACTS}, {values}, {names}, {of_verdict} AS d{OF_VERDICT.number}"


SIGNED_CHANGES: Final = f"""
    signed_changes AS (
        SELECT is_counted, {write_signed("old", -1)} FROM changed
        UNION ALL SELECT is_counted, {write_signed("now", 1)} FROM changed
    )
"""  # noqa: S608 - fixed texts


def count_signed() -> str:
    return ", ".join(
        f"coalesce(sum(sign) FILTER (WHERE {condition}), 0)::int AS {name}" for name, condition in MEASURES.items()
    )


def count_rows() -> str:
    return ", ".join(f"(count(*) FILTER (WHERE {condition}))::int AS {name}" for name, condition in MEASURES.items())


IS_SOMETHING: Final = f"({NAMES}) <> ({', '.join('0' for _ in MEASURES)})"
KEEP_VERDICTS: Final = f"""
    minutes_moved AS (
        INSERT INTO click_minutes AS old (minute, program_id, slot, {NAMES})
        SELECT minute, program_id, {MOVES}, {NAMES} FROM (
            SELECT minute, program_id, {count_signed()} FROM signed_changes GROUP BY 1, 2
        ) AS moved
        WHERE {IS_SOMETHING} AND minute >= now() - make_interval(secs => {MINUTES_KEPT.total_seconds():.0f})
        ORDER BY minute, program_id COLLATE "C"
        ON CONFLICT (minute, program_id, slot) DO UPDATE SET {ADD_UP}
    ), verdicts_kept AS (
        INSERT INTO rollup_verdicts (clicked_at, click_id, {", ".join(VERDICT)})
        SELECT clicked_at, click_id, {", ".join(f"now_{name}" for name in VERDICT)} FROM changed
        WHERE ({", ".join(f"live_{name}" for name in VERDICT)})
            IS DISTINCT FROM ({", ".join(f"now_{name}" for name in VERDICT)})
        ON CONFLICT (clicked_at, click_id)
            DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in VERDICT)}
    ), verdicts_ended AS (
        DELETE FROM rollup_verdicts USING changed
        WHERE rollup_verdicts.clicked_at = changed.clicked_at AND rollup_verdicts.click_id = changed.click_id
            AND ({", ".join(f"live_{name}" for name in VERDICT)})
            IS NOT DISTINCT FROM ({", ".join(f"now_{name}" for name in VERDICT)})
    )
"""  # noqa: S608 - fixed texts
"""Moves the minutes of `changed` clicks, and notes with which verdict they are counted now."""
COUNT_CLICKED: Final = f"counted_rows AS (SELECT {write_signed('now', 1)} FROM clicked WHERE is_counted)"  # noqa: S608 - fixed texts
COUNT_CHANGES: Final = "counted_rows AS (SELECT * FROM signed_changes WHERE is_counted)"


def write_cells(sets: tuple[GroupingSet, ...] = ALL_SETS, *, signed: bool = False, new: str | None = None) -> str:
    """Give `cells` of `counted_rows`. `new` names the rows of values whose pairs alone are counted: by default all.

    A value beyond the first MOST_VALUES of a day is OTHER: those that have a row keep it, then the busiest come.
    """
    return ", ".join((MARKS, write_excess(), write_mapped(new), write_grouped(sets, signed=signed)))


MARKS: Final = f"""
    days AS MATERIALIZED (SELECT DISTINCT day FROM counted_rows), marks AS MATERIALIZED (
        SELECT kind, entity, program_id, period AS day, dim, value FROM click_rollups
        WHERE detailed AND grain = 'd' AND period IN (SELECT day FROM days)
    ), known AS MATERIALIZED (
        SELECT period AS day, program_id, dim, value FROM click_rollups
        WHERE kind = 'p' AND entity = '' AND dim IN {CAPPED_NUMBERS} AND grain = 'd' AND dim2 = 0
            AND value <> '{OTHER}' AND period IN (SELECT day FROM days)
    )
"""  # noqa: S608 - fixed texts


def write_excess() -> str:
    """Give `excess`: values that have no row, and no room for one."""
    columns = [f"d{number}" for number in CAPPED_NUMBERS]
    dim = " ".join(f"WHEN grouping(d{number}) = 0 THEN {number}" for number in CAPPED_NUMBERS)
    return f"""
        seen AS (
            SELECT day, program_id, CASE {dim} END AS dim, coalesce({", ".join(columns)}) AS value, count(*) AS clicks
            FROM counted_rows
            GROUP BY GROUPING SETS ({", ".join(f"(day, program_id, {column})" for column in columns)})
        ), fresh AS (
            SELECT seen.*, row_number() OVER (PARTITION BY day, program_id, dim ORDER BY clicks DESC, value) AS place
            FROM seen LEFT JOIN known USING (day, program_id, dim, value) WHERE known.day IS NULL
        ), excess AS MATERIALIZED (
            SELECT day, program_id, dim, value
            FROM fresh LEFT JOIN (
                SELECT day, program_id, dim, count(*) AS values FROM known GROUP BY 1, 2, 3
            ) AS kept USING (day, program_id, dim)
            WHERE place + coalesce(kept.values, 0) > :most_values
        )
    """  # noqa: S608 - fixed texts


def write_mapped(new: str | None) -> str:
    """Give `mapped`: excess values as OTHER, and beside them those entities and values that have details."""
    over = {
        number: f"CASE WHEN over{number}.value IS NULL THEN d{number} ELSE '{OTHER}' END" for number in CAPPED_NUMBERS
    }
    plain = [dim for dim in DIMS if int(dim[1:]) not in over]
    first, second = CUT_NUMBERS
    is_new = " OR ".join(f"new{number}.value IS NOT NULL" for number in CUT_NUMBERS) if new else "true"
    cuts = [
        *(f"{'new' if new else 'mark'}{number}.value AS cut{number}" for number in CUT_NUMBERS),
        *(f"CASE WHEN {is_new} THEN mark{number}.value END AS both{number}" for number in (first, second)),
    ]
    joins = [
        *(
            write_join("excess", f"over{number}", f"over{number}.dim = {number} AND over{number}.value = d{number}")
            for number in over
        ),
        write_join("marks", "affiliates", "affiliates.kind = 'a' AND affiliates.entity = affiliate_id"),
        write_join("marks", "codes", "codes.kind = 'c' AND codes.entity = code"),
        *(
            write_join(
                table,
                f"{name}{number}",
                f"{name}{number}.dim = {number} AND {name}{number}.kind = 'p' AND {name}{number}.value = d{number}",
            )
            for name, table in (("mark", "marks"), *((("new", new),) if new else ()))
            for number in CUT_NUMBERS
        ),
    ]
    return f"""
        mapped AS (
            SELECT sign, hour, one.day, one.program_id, affiliate_id, code, is_bot, is_test, prefetch, bot_kind,
                limited_by, now_is_unique, now_band, now_ivt_class, {", ".join(plain)},
                {", ".join(f"{sql} AS d{number}" for number, sql in over.items())},
                affiliates.entity AS detailed_affiliate, codes.entity AS detailed_code, {", ".join(cuts)}
            FROM counted_rows one {" ".join(joins)}
        )
    """  # noqa: S608 - fixed texts


def write_join(table: str, name: str, condition: str) -> str:
    return f"LEFT JOIN {table} {name} ON {name}.day = one.day AND {name}.program_id = one.program_id AND {condition}"


def write_grouped(sets: tuple[GroupingSet, ...], *, signed: bool) -> str:
    """Give `cells` from `mapped`. A set of which a column is null is of an entity or value without details."""
    named = [column for column in GROUPED if any(column in each.columns for each in sets)]
    dims = [column for column in (*DIMS, *CUTS) if column in named]
    rows = ", ".join(
        f"({sum(2 ** (len(named) - 1 - place) for place, column in enumerate(named) if column not in each.columns)},"
        f" '{each.grain}', '{each.kind}', {each.dim}, {each.dim2}, {bool(each.dim) + bool(each.dim2)})"
        for each in sets
    )
    entity = {kind: [name for name in (*ENTITIES[kind], *DETAILED[kind]) if name in named] for kind in "ac"}
    entities = " ".join(f"WHEN '{kind}' THEN coalesce({', '.join(names)})" for kind, names in entity.items() if names)
    value = f"coalesce({', '.join([*dims, chr(39) * 2])})"
    value2 = f"CASE WHEN dim2 = 0 THEN '' ELSE coalesce({', '.join(reversed(dims))}) END" if dims else "''"
    filled = f"num_nonnulls({', '.join(dims)}) = width" if dims else "true"
    kinds = f"CASE kind WHEN 'p' THEN '' {entities} END"
    period = f"coalesce({', '.join(column for column in ('hour', 'day') if column in named)})"
    groups = ", ".join(f"(program_id, {', '.join(each.columns)})" for each in sets)
    return f"""
        grouped AS (
            SELECT {", ".join(named)}, program_id, grouping({", ".join(named)}) AS mask,
                {count_signed() if signed else count_rows()}
            FROM mapped GROUP BY GROUPING SETS ({groups})
        ), cells AS (
            SELECT grain, {period} AS period, program_id, kind, {kinds} AS entity, dim, {value} AS value, dim2,
                {value2} AS value2, {NAMES}
            FROM grouped JOIN (VALUES {rows}) AS sets (mask, grain, kind, dim, dim2, width) USING (mask)
            WHERE {kinds} IS NOT NULL AND {filled} {f"AND {IS_SOMETHING}" if signed else ""}
        )
    """  # noqa: S608 - fixed texts


ADD_MONTHS: Final = f"""
    with_months AS (
        SELECT * FROM cells
        UNION ALL
        SELECT 'm', month, program_id, kind, entity, dim, value, dim2, value2,
            {", ".join(f"sum({name})::int" for name in MEASURES)}
        FROM cells JOIN rollup_months ON month = date_trunc('month', period, {ZONE})
        WHERE grain = 'd' AND dim2 = 0 AND (dim = 0 OR kind = 'p')
        GROUP BY month, program_id, kind, entity, dim, value, dim2, value2
    )
"""  # noqa: S608 - fixed texts
"""`cells`, and those of the months that are made already."""
UPSERT: Final = f"""
    INSERT INTO click_rollups AS old (grain, period, program_id, kind, entity, dim, value, dim2, value2, {NAMES})
    SELECT grain, period, program_id, kind, entity, dim, value, dim2, value2, {NAMES} FROM with_months
    ORDER BY kind, entity COLLATE "C", dim, grain, period
    ON CONFLICT ({", ".join(KEY)}) DO UPDATE SET {ADD_UP}
"""  # noqa: S608 - fixed texts
