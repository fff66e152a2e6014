"""What the page says of servers that the console does not ask itself, and of what the tables hold."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from schemas import Uniqueness
from tests.console.builders import enriched_click, store
from tests.console.running import Console

pytestmark = pytest.mark.servers

NOT_JUDGED = "no recent click was judged unique or not"


@pytest.mark.parametrize(
    ("newest", "words"),
    [
        ("judged", ("answered", "1 of the newest 2 without an answer")),
        ("warming", ("answered, and had been emptied", "1 of the newest 2 without an answer")),
        ("no_store", ("did not answer", "2 of the newest 2 without an answer")),
        ("not_judged", ("did not answer", "1 of the newest 1 without an answer")),
    ],
)
async def test_redis_is_as_the_enricher_found_it_for_the_newest_click_that_asked_it(
    tables_console: Console, tables: asyncpg.Connection, newest: str, words: tuple[str, ...]
) -> None:
    now = datetime.now(UTC)
    before = enriched_click(now - timedelta(minutes=5), unique=Uniqueness(status="no_store"))
    await store(tables, [before, enriched_click(now - timedelta(minutes=1), 1, unique=Uniqueness(status=newest))])
    page = await tables_console.read("/pipeline")

    assert [one for one in words if one not in page] == []
    assert NOT_JUDGED not in page


async def test_without_a_click_nothing_is_known_of_redis(tables_console: Console) -> None:
    assert NOT_JUDGED in await tables_console.read("/pipeline")


async def test_the_jobs_page_says_what_is_stored_and_what_was_removed(
    tables_console: Console, tables: asyncpg.Connection
) -> None:
    now = datetime.now(UTC)
    await store(tables, [enriched_click(now)])
    await tables.executemany(
        "INSERT INTO retention_removals (what, day, rows, bytes) VALUES ($1, $2, $3, 0)",
        [("clicks", (now - timedelta(days=days)).date(), rows) for days, rows in ((401, 7), (400, 1204))],
    )
    page = await tables_console.read("/jobs")

    assert f"<dd>{now.date()} to {now.date()}</dd>" in page
    assert f"<dt>Clicks removed up to</dt><dd>{(now - timedelta(days=400)).date()} <small>1,204 that day" in page
    assert "Dead letters removed up to" not in page
