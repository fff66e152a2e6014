"""The SQL that counts clicks into the cells of `click_rollups`, for the roller, moves, rebuild and verify. Pure.

A statement is made of common table expressions: those of `storage.rollups.counted_rows`, and from there `cells`.
"""

from typing import Final

from storage.rollups.batches import ADD_UP, NAMES
from storage.rollups.counted_rows import IS_SOMETHING, ZONE, count_rows, count_signed
from storage.rollups.dimensions import DIMENSIONS, OTHER
from storage.rollups.grouping_sets import ALL_SETS, CUT_NUMBERS, CUTS, DETAILED, DIMS, ENTITIES, GROUPED, GroupingSet
from storage.rollups.measures import MEASURES

KEY: Final = ("kind", "entity", "dim", "grain", "period", "program_id", "dim2", "value", "value2")
CAPPED: Final = ("region", "os", "browser", "referrer_host", "utm_source", "utm_medium", "utm_campaign")
"""The dimensions whose values others choose: only these can have more than MOST_VALUES."""
CAPPED_NUMBERS: Final = tuple(DIMENSIONS[name].number for name in CAPPED)


def write_cells(sets: tuple[GroupingSet, ...] = ALL_SETS, *, signed: bool = False, new: str | None = None) -> str:
    """Give `cells` of `counted_rows`. `new` names the rows of values whose pairs alone are counted: by default all.

    A value beyond the first MOST_VALUES of a day is OTHER: those that have a row keep it, then the busiest come.
    """
    return ", ".join((MARKS, write_excess(), write_mapped(new), write_grouped(sets, signed=signed)))


MARKS: Final = f"""
    days AS MATERIALIZED (SELECT DISTINCT day FROM counted_rows), marks AS MATERIALIZED (
        SELECT kind, entity, program_id, period AS day, dim, value FROM click_rollups
        WHERE detailed AND grain = 'd' AND period = ANY(ARRAY(SELECT day FROM days))
    ), known AS MATERIALIZED (
        SELECT period AS day, program_id, dim, value FROM click_rollups
        WHERE kind = 'p' AND entity = '' AND dim IN {CAPPED_NUMBERS} AND grain = 'd' AND dim2 = 0
            AND value <> '{OTHER}' AND period = ANY(ARRAY(SELECT day FROM days))
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
    return f"""
        mapped AS (
            SELECT sign, hour, one.day, one.program_id, affiliate_id, code, is_bot, is_test, prefetch, bot_kind,
                limited_by, now_is_unique, now_band, now_ivt_class, {", ".join(plain)},
                {", ".join(f"{sql} AS d{number}" for number, sql in over.items())},
                affiliates.entity AS detailed_affiliate, codes.entity AS detailed_code, {", ".join(cuts)}
            FROM counted_rows one {" ".join(list_joins(new))}
        )
    """  # noqa: S608 - fixed texts


def list_joins(new: str | None) -> list[str]:
    """Give the joins of `mapped`: with values in excess, entities with details, and marked (or new) values."""
    marked = [("mark", "marks"), *([("new", new)] if new else [])]
    return [
        *(
            write_join("excess", f"over{number}", f"over{number}.dim = {number} AND over{number}.value = d{number}")
            for number in CAPPED_NUMBERS
        ),
        write_join("marks", "affiliates", "affiliates.kind = 'a' AND affiliates.entity = affiliate_id"),
        write_join("marks", "codes", "codes.kind = 'c' AND codes.entity = code"),
        *(
            write_join(
                table,
                f"{name}{number}",
                f"{name}{number}.dim = {number} AND {name}{number}.kind = 'p' AND {name}{number}.value = d{number}",
            )
            for name, table in marked
            for number in CUT_NUMBERS
        ),
    ]


def write_join(table: str, name: str, condition: str) -> str:
    return f"LEFT JOIN {table} {name} ON {name}.day = one.day AND {name}.program_id = one.program_id AND {condition}"


def write_grouped(sets: tuple[GroupingSet, ...], *, signed: bool) -> str:
    """Give `cells` from `mapped`. A set of which a column is null is of an entity or value without details."""
    named = [column for column in GROUPED if any(column in each.columns for each in sets)]
    dims = [column for column in (*DIMS, *CUTS) if column in named]
    rows = write_sets(sets, named)
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


def write_sets(sets: tuple[GroupingSet, ...], named: list[str]) -> str:
    """Give a row for each set; the first column is the mask by which `grouping()` tells it."""
    return ", ".join(
        f"({sum(2 ** (len(named) - 1 - place) for place, column in enumerate(named) if column not in each.columns)},"
        f" '{each.grain}', '{each.kind}', {each.dim}, {each.dim2}, {bool(each.dim) + bool(each.dim2)})"
        for each in sets
    )


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
    ORDER BY dim, grain, kind, entity COLLATE "C", period
    ON CONFLICT ({", ".join(KEY)}) DO UPDATE SET {ADD_UP}
"""  # noqa: S608 - fixed texts
"""Adds `with_months`. Totals come first: those of a day stand side by side, and a list of them reads few pages."""
