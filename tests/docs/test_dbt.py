"""The tests of dbt's sources, as SQL on real views: they pass on what we store, and each fails on what it is for."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
import yaml

from cli.tables import bring_up_to_date
from docs.generators.dbt import build_sources, describe_sources
from storage.analysts.views import VIEWS
from storage.partitions import make_partition
from tests.console.builders import enriched_click, rejected_click, store

TABLES: list[dict[str, Any]] = build_sources()["sources"][0]["tables"]
NOW = datetime.now(UTC)


def test_each_view_and_column_is_there_with_its_description() -> None:
    assert {table["name"]: [column["name"] for column in table["columns"]] for table in TABLES} == {
        view.name: list(view.all_columns()) for view in VIEWS
    }
    assert all(column["description"] for table in TABLES for column in table["columns"])


def test_each_kind_of_test_is_used_and_ids_are_unique() -> None:
    assert {kind for _, _, kind, _ in list_tests()} == {"unique", "not_null", "accepted_values", "relationships"}
    assert [(table, column) for table, column, kind, _ in list_tests() if kind == "unique"] == [
        ("analytics_clicks", "click_id"),
        ("analytics_live_clicks", "click_id"),
        ("analytics_rejections", "rejection_id"),
    ]


def test_the_file_is_the_document_in_yaml() -> None:
    assert yaml.safe_load(describe_sources()) == build_sources()


def list_tests() -> list[tuple[str, str, str, dict[str, Any]]]:
    return [
        (table["name"], column["name"], kind, options)
        for table in TABLES
        for column in table["columns"]
        for test in column.get("data_tests", ())
        for kind, options in test.items()
    ]


def write_test(table: str, column: str, kind: str, options: dict[str, Any]) -> str:
    """Give the SQL of a generic test of dbt: it counts what is wrong."""
    rows = f"(SELECT * FROM {table} WHERE {options['config']['where']}) AS model"
    match kind:
        case "unique":
            return f"SELECT count(*) FROM (SELECT {column} FROM {rows} GROUP BY 1 HAVING count(*) > 1) AS wrong"
        case "not_null":
            return f"SELECT count(*) FROM {rows} WHERE {column} IS NULL"
        case "accepted_values":
            words = ", ".join(f"'{word}'" for word in options["arguments"]["values"])
            return f"SELECT count(*) FROM {rows} WHERE {column} NOT IN ({words})"
        case _:
            (parent,) = (name for name in (one["name"] for one in TABLES) if f"'{name}'" in options["arguments"]["to"])
            return (
                f"SELECT count(*) FROM {rows} WHERE {column} IS NOT NULL"
                f" AND NOT EXISTS (SELECT FROM {parent} p WHERE p.{options['arguments']['field']} = model.{column})"
            )


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(database_url)
    await bring_up_to_date(opened)
    await store(opened, [enriched_click(NOW, 1), enriched_click(NOW, 2), rejected_click(NOW, 3)])
    await make_partition(opened, NOW.date(), "click_scores")
    await opened.execute(
        "INSERT INTO click_scores (click_id, clicked_at, rules, stage, score, band)"
        " SELECT click_id, clicked_at, 'rules 1', 'settled', 0, 'clean' FROM clicks"
    )
    yield opened
    await opened.close()


async def failing(connection: asyncpg.Connection) -> list[tuple[str, str, str]]:
    return [test[:3] for test in list_tests() if await connection.fetchval(write_test(*test))]


@pytest.mark.servers
async def test_what_we_store_passes_and_what_is_wrong_fails(connection: asyncpg.Connection) -> None:
    assert await failing(connection) == []

    await connection.execute(
        """
        UPDATE click_scores SET band = 'odd' WHERE click_id = (SELECT min(click_id) FROM clicks);
        UPDATE clicks SET bot_kind = 'cat';
        DELETE FROM clicks WHERE click_id = (SELECT max(click_id) FROM clicks);
        """
    )
    await store(connection, [enriched_click(NOW - timedelta(seconds=1), 9)])
    await connection.execute("UPDATE clicks SET click_id = (SELECT min(click_id) FROM clicks)")

    assert set(await failing(connection)) == {
        ("analytics_clicks", "click_id", "unique"),
        ("analytics_clicks", "bot_kind", "accepted_values"),
        ("analytics_live_clicks", "click_id", "unique"),
        ("analytics_live_clicks", "bot_kind", "accepted_values"),
        ("analytics_scores", "band", "accepted_values"),
        ("analytics_scores", "click_id", "relationships"),
    }


@pytest.mark.servers
async def test_freshness_is_asked_of_a_column_that_says_when_rows_came(connection: asyncpg.Connection) -> None:
    for table in TABLES:
        newest = await connection.fetchval(
            f"SELECT max({table['loaded_at_field']}) FROM {table['name']} WHERE {table['freshness']['filter']}"
        )
        assert datetime.now(UTC) - newest < timedelta(hours=1)
