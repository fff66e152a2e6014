"""The log as a file: the rows of the page, safe to open, and said to be cut where it is."""

import csv
import io
from datetime import timedelta

import asyncpg
import pytest

from console.clicks.csv_file import guard_formula, name_file
from tests.console.builders import NOW, enriched_click, rejected_click, store
from tests.console.running import Console

servers = pytest.mark.servers


@pytest.mark.parametrize(("cell", "safe"), [("=1+1", "'=1+1"), ("-2", "'-2"), ("@x", "'@x"), ("a=1", "a=1"), ("", "")])
def test_no_cell_is_a_formula(cell: str, safe: str) -> None:
    assert guard_formula(cell) == safe


def test_a_file_is_named_after_its_filters_and_its_time() -> None:
    assert name_file("f.country=is:DE,AT&range=7d", NOW) == "clicks-f.country-is-DE-AT-range-7d-20261124T0930Z.csv"
    assert name_file("", NOW) == "clicks-20261124T0930Z.csv"


@servers
async def test_a_file_has_the_clicks_of_the_view_over_all_pages(console: Console, tables: asyncpg.Connection) -> None:
    clicks = [enriched_click(NOW - timedelta(seconds=n), n) for n in range(1205)]
    evil = enriched_click(NOW - timedelta(hours=1), 9000, affiliate_id="=cmd()")
    others = [enriched_click(NOW, 9001, code="other"), rejected_click(NOW, 9002)]
    await store(tables, [*clicks, evil, *others])

    async with console.client.get("/clicks.csv?f.code=is:spring-26&outcome=accepted") as response:
        rows = list(csv.DictReader(io.StringIO(await response.text())))
        headers = response.headers

    noted = await tables.fetch("SELECT after ->> 'query' FROM audit_log WHERE action = 'export'")

    assert [row[0] for row in noted] == ["f.code=is:spring-26&outcome=accepted"]
    assert [row["id"] for row in rows] == [click.click_id for click in (*clicks, evil)]
    assert rows[0]["at_utc"] == "2026-11-24T09:30:12.500Z"
    assert (rows[0]["country"], rows[0]["browser"], rows[0]["city"]) == ("PT", "Mobile Safari", "Lisbon")
    assert rows[-1]["affiliate"] == "'=cmd()"
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    assert headers["Content-Disposition"].startswith(
        'attachment; filename="clicks-f.code-is-spring-26-outcome-accepted-'
    )


async def test_without_tables_there_is_no_file_but_a_sentence(offline_console: Console) -> None:
    await offline_console.log_in()
    async with offline_console.client.get("/clicks.csv") as response:
        assert (response.status, "PostgreSQL does not answer" in await response.text()) == (503, True)
