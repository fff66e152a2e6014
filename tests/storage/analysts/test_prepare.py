"""Comments and views for analysts are brought up to date after the migrations, and only where they differ."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import msgspec
import pytest

from cli.tables import bring_up_to_date, drop_views_before
from runtime.migration_files import Migration, find_migrations
from runtime.migrations import migrate
from storage.analysts.prepare import drop_views, prepare_for_analysts
from tests.console.builders import open_tables

pytestmark = pytest.mark.servers

UNCOMMENTED = """
    SELECT relation.relname || coalesce('.' || attname, '') FROM pg_class relation
    LEFT JOIN pg_attribute ON attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v') AND NOT relispartition
        AND relname <> ALL ($1)
        AND (obj_description(relation.oid) IS NULL OR col_description(relation.oid, attnum) IS NULL)
    ORDER BY 1
"""
OURS = frozenset(
    {
        # what only our processes read
        "schema_migrations",
        "schema_migrations_unfinished",
        "referral_version",
        "referral_changes",
        "dropped_click_days",
        "stored_positions",
        "jobs",
        "job_files",
        "annotations",
        "ledger_arrivals",
        "ledger_processes",
        "ledger_minutes",
        "ledger_unnumbered",
        "ledger_state",
        "ledger_acknowledged",
        "ledger_numbers",
        "ledger_heights",
        "personal_days",
        "erased_clicks",
        "erasures",
        "erasure_clicks",
        "dead_letter_replays",
        "settling_progress",
        "affiliate_quality_marks",
        "rollup_state",
        "rollup_days",
        "rollup_verdicts",
        "rollup_months",
        "clicks_now",
        "click_verdicts_now",
        "login_failures",
        "sessions",
        "audit_log",
        "users",
        "invitations",
        "recovery_codes",
        "api_keys",
        "saved_views",
        "start_views",
        "share_links",
        "referral_notes",
    }
)
"""A new table belongs here, or into `storage/analysts/table_reference.py` if people may query it."""


@pytest.fixture
async def migrated(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    await bring_up_to_date(connection)
    yield connection
    await connection.close()


async def test_no_column_that_people_may_query_lacks_a_comment(migrated: asyncpg.Connection) -> None:
    assert [row[0] for row in await migrated.fetch(UNCOMMENTED, list(OURS))] == []


async def test_a_comment_says_meaning_words_unit_and_whether_it_is_personal(migrated: asyncpg.Connection) -> None:
    async def comment(table: str, column: str) -> str:
        return str(
            await migrated.fetchval(
                "SELECT col_description(attrelid, attnum) FROM pg_attribute"
                " WHERE attrelid = $1::text::regclass AND attname = $2",
                table,
                column,
            )
        )

    assert await comment("clicks", "geo_city") == "City of the address. Null if anonymous. Personal."
    assert await comment("clicks", "fraud_band") == (
        "Live score in words. One of: clean, suspicious, likely_invalid, invalid. Not personal."
    )
    assert (await comment("programs", "cookie_window_days")).endswith("Unit: days. Not personal.")
    assert (await comment("analytics_clicks", "program_name")).startswith("Name of the program today.")


async def changes(connection: asyncpg.Connection) -> list[asyncpg.Record]:
    """Give what would change if comments, views or rights were written again."""
    return list(
        await connection.fetch(
            "SELECT 'comment' AS kind, description AS name, xmin::text AS change FROM pg_description"
            " UNION ALL SELECT 'view', relname, xmin::text FROM pg_class"
            " WHERE relnamespace = current_schema()::regnamespace AND relname LIKE 'analytics%' ORDER BY 1, 2, 3"
        )
    )


async def test_a_second_run_changes_nothing_and_one_column_or_view_that_differs_is_renewed(
    migrated: asyncpg.Connection,
) -> None:
    before = await changes(migrated)
    assert await bring_up_to_date(migrated) == ([], [])
    assert await changes(migrated) == before

    await migrated.execute(
        "COMMENT ON COLUMN clicks.code IS 'old'; COMMENT ON VIEW analytics_scores IS 'Old. Definition 0123.';"
    )
    assert await prepare_for_analysts(migrated) == []

    after = await changes(migrated)
    assert {row["name"] for row in before} == {row["name"] for row in after}
    assert {row["name"] for row in after if row["kind"] == "view" and row not in before} == {"analytics_scores"}


async def test_a_view_that_is_not_ours_or_that_others_use_is_left_with_a_sentence(
    migrated: asyncpg.Connection,
) -> None:
    await migrated.execute(
        """
        DROP VIEW analytics_rejections;
        CREATE VIEW analytics_rejections AS SELECT 1 AS mine;
        CREATE VIEW report AS SELECT click_id FROM analytics_scores;
        COMMENT ON VIEW analytics_scores IS 'Old. Definition 0123.';
        """
    )

    problems = await prepare_for_analysts(migrated)
    await drop_views(migrated)

    assert problems[0].startswith("analytics_rejections was not made by Clickrail")
    assert "view report depends on view analytics_scores" in problems[1]
    assert await migrated.fetchval("SELECT mine FROM analytics_rejections") == 1
    assert await migrated.fetchval("SELECT count(*) FROM report") == 0
    assert await migrated.fetchval("SELECT to_regclass('analytics_clicks')") is None


async def test_migrations_that_change_what_a_view_uses_find_no_view(migrated: asyncpg.Connection) -> None:
    change = "ALTER TABLE rejected_clicks ALTER COLUMN status TYPE bigint"
    ours = find_migrations("storage")
    number = len(ours.migrations) + 1
    newer = msgspec.structs.replace(
        ours, migrations=(*ours.migrations, Migration("storage", number, "wider_status", change, ours.recorded_as))
    )
    with pytest.raises(asyncpg.FeatureNotSupportedError, match="used by a view"):
        await migrated.execute(change)

    await drop_views_before(migrated, [newer])
    (applied,) = await migrate(migrated, [newer])
    assert applied.title == "wider_status"

    assert await prepare_for_analysts(migrated) == []
    assert await migrated.fetch("SELECT status FROM analytics_rejections") == []


async def test_without_tables_of_programs_names_are_null(database_url: str) -> None:
    async with open_tables(database_url) as connection:
        assert await prepare_for_analysts(connection) == []
        assert await connection.fetch("SELECT program_name FROM analytics_clicks") == []


async def test_two_runs_at_once_make_each_view_once(database_url: str) -> None:
    first, second = await asyncpg.connect(database_url), await asyncpg.connect(database_url)

    done = await asyncio.gather(bring_up_to_date(first), bring_up_to_date(second))
    views = await first.fetchval(
        "SELECT count(*) FROM pg_views WHERE schemaname = current_schema AND viewname ~ '^ana'"
    )
    await first.close()
    await second.close()

    assert sum("applied storage 0001 clicks" in applied for applied, _ in done) == 1
    assert views == 4
