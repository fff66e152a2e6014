"""The SQL of the clicks that are counted, and of those that are taken out because their verdict has changed. Pure.

`clicked` are clicks with their time's hour and day, and what they are counted by; `counted_rows` those that are counted
(`sign` 1) or taken out (`sign` -1).
"""

from typing import Final

from storage.rollups.batches import ADD_UP, MINUTES_KEPT, MOVES, NAMES
from storage.rollups.dimensions import DIMENSIONS
from storage.rollups.measures import MEASURES

ZONE: Final = "(SELECT zone FROM rollup_state)"
COUNTED_FROM: Final = "(SELECT counted_from FROM rollup_state)"
VERDICT: Final = ("is_unique", "band", "ivt_class")
OF_VERDICT: Final = DIMENSIONS["ivt_class"]
FIXED: Final = tuple(one for one in DIMENSIONS.values() if one is not OF_VERDICT)
FACTS: Final = "program_id, affiliate_id, code, is_bot, is_test, prefetch, bot_kind, limited_by"
PENDING: Final = """
    EXISTS (SELECT FROM rollup_batches one WHERE one.batch_id = clicks_now.batch_id AND one.rolled_at IS NULL)
"""
IS_COUNTED: Final = f"clicks_now.clicked_at >= {COUNTED_FROM} AND NOT {PENDING}"
"""Whether `click_rollups` has a click: its batch is rolled, or it is older than batches and was counted since."""


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
            FROM clicked LEFT JOIN LATERAL (
                SELECT * FROM rollup_verdicts
                WHERE rollup_verdicts.clicked_at = clicked.clicked_at AND rollup_verdicts.click_id = clicked.click_id
                OFFSET 0
            ) AS kept ON true
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
