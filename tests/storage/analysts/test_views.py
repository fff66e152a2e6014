"""The views for analysts have no personal column, and each of their columns has a meaning."""

import re

import asyncpg
import pytest

from cli.tables import bring_up_to_date
from storage.analysts.table_reference import TABLES
from storage.analysts.views import CLICK_VIEW, HOST, VIEWS, View, take
from storage.columns import CLICK_COLUMNS
from storage.personal import PERSONAL, SUBS

HIDDEN = (
    "ip_hash net_hash client_hash user_agent accept_language query referrer_url geo_city external_id"
    " sub1 sub2 sub3 sub4 sub5 ad_ids previous_click_id lease_click_id first_click_id now_first_click_id target_url"
)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_has_no_personal_column(view: View) -> None:
    assert [name for name, meaning in view.all_columns().items() if meaning.is_personal] == []
    assert not set(HIDDEN.split()) & set(view.all_columns())


def test_what_identifies_a_visitor_is_personal() -> None:
    assert set(HIDDEN.split()) - {"now_first_click_id"} <= set(TABLES["clicks"].personal_columns)


def test_what_retention_empties_is_personal_and_in_no_view() -> None:
    emptied = {*PERSONAL, *SUBS}

    # The id of a key says nothing about a visitor; it is emptied with the hash that it belongs to.
    assert emptied - {"ip_hash_key_id"} <= set(TABLES["clicks"].personal_columns)
    assert emptied & set(CLICK_VIEW.all_columns()) == set()


def test_a_personal_column_cannot_be_put_into_a_view() -> None:
    with pytest.raises(ValueError, match=r"personal columns in a view for analysts: \['ip_hash'\]"):
        take(TABLES["clicks"].columns, "click_id ip_hash")


def test_every_column_of_clicks_has_a_meaning() -> None:
    assert set(TABLES["clicks"].columns) >= set(CLICK_COLUMNS)
    assert len(CLICK_VIEW.all_columns()) > 60


@pytest.mark.servers
async def test_counting_live_clicks_looks_at_no_other_table(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await bring_up_to_date(connection)
    plan = await connection.fetch(
        "EXPLAIN SELECT code, count(*) FROM analytics_live_clicks WHERE clicked_at >= now() GROUP BY 1"
    )
    await connection.close()

    read = set(re.findall(r" on (\w+)", "\n".join(row[0] for row in plan)))
    assert {re.sub(r"_\d+$", "", one) for one in read} == {"clicks"}


@pytest.mark.servers
@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Shop.Example/a@b?c=d", "shop.example"),
        ("https://user:secret@shop.example:8443/path", "shop.example"),
        ("http://[2001:db8::1]:80/", "[2001:db8::1]"),
        ("android-app://com.example.app", "com.example.app"),
        ("https://shop.example?mail=a@b.example", "shop.example"),
        ("shop.example/path", None),
        ("", None),
        (None, None),
    ],
)
async def test_of_a_url_only_the_host_is_shown(database_url: str, url: str | None, host: str | None) -> None:
    connection = await asyncpg.connect(database_url)
    found = await connection.fetchval(f"SELECT {HOST.format('$1::text')}", url)
    await connection.close()

    assert found == host


@pytest.mark.servers
async def test_no_column_is_a_reserved_word(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    reserved = await connection.fetch("SELECT word FROM pg_get_keywords() WHERE catcode <> 'U' AND NOT barelabel")
    reserved += await connection.fetch("SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T')")
    await connection.close()

    assert {name for view in VIEWS for name in view.all_columns()} & {row["word"] for row in reserved} == set()
