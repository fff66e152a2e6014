"""The files of jobs take no more room together than they may, and none is deleted to make room for another."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from console.jobs.csv_files import make_file_works
from console.jobs.file_requests import explain_full
from console.jobs.files import MEGABYTE, PART, FileSpace
from console.jobs.runner import JobRunner
from console.jobs.table import add_job, list_jobs
from runtime.secret import Secret
from tests.console.builders import enriched_click, store
from tests.console.jobs.test_csv_files import VIEWER
from tests.console.running import make_settings, run_console

pytestmark = pytest.mark.servers

FILL = """
    INSERT INTO job_files (job_id, part, data)
    SELECT $1, part, $2 FROM generate_series(1, $3::int) AS part
"""
END = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)


async def keep_file(tables: asyncpg.Connection, parts: int) -> int:
    """Have a file that somebody else asked for, of so many parts."""
    number = await add_job(tables, "clicks_file", VIEWER, {"query": ""})
    await tables.execute("UPDATE jobs SET state = 'done', kept_until = now() + interval '3 days', file_name = 'a.csv'")
    await tables.execute(FILL, number, bytes(PART), parts)
    return number


async def test_a_file_is_refused_while_all_take_what_they_may_and_nobody_loses_one(
    database_url: str, tables: asyncpg.Connection
) -> None:
    kept = await keep_file(tables, 4)
    async with run_console(make_settings(database_url=Secret(database_url), files_mb=2)) as console:
        await console.log_in("editor")
        form = {"csrf": await console.read_csrf(), "kind": "clicks_file", "query": ""}
        async with console.client.post("/jobs/files", data=form) as response:
            refused = (response.status, "take the 2 MB that they may take together" in await response.text())
        await tables.execute("DELETE FROM job_files WHERE part > 1")
        async with console.client.post("/jobs/files", data=form) as response:
            accepted = response.status

    assert refused == (422, True)
    assert accepted == 200
    assert await tables.fetchval("SELECT count(*) FROM job_files WHERE job_id = $1", kept) == 1


async def test_a_file_that_outgrows_the_room_fails_and_leaves_none_of_its_parts(
    database_url: str, tables: asyncpg.Connection
) -> None:
    now = datetime.now(UTC)
    kept = await keep_file(tables, 1)
    await tables.execute("INSERT INTO job_files VALUES ($1, 2, $2)", kept, bytes(MEGABYTE - PART - 10))
    await store(tables, [enriched_click(now - timedelta(seconds=1))])
    url = Secret(database_url)
    runner = JobRunner(url, make_file_works(url, 1), "files")
    await add_job(tables, "clicks_file", VIEWER, {"query": ""})
    await runner.run_next(tables)
    failed, other = await list_jobs(tables)

    assert failed.state == "failed"
    assert "may take 1 MB together" in (failed.problem or "")
    assert other.kept_until is not None
    assert await tables.fetch("SELECT DISTINCT job_id FROM job_files") == [(kept,)]


def test_whoever_is_refused_is_told_when_there_is_room_again() -> None:
    full = explain_full(FileSpace(2_000 * MEGABYTE, END), 2_000)

    assert "CLICKRAIL_CONSOLE_FILES_MB" in full.reason
    assert full.reason.endswith("or wait until 2026-12-01 09:30 UTC, when the oldest one ends.")
    assert explain_full(FileSpace(0, None), 1).reason.endswith("Delete some under Jobs.")
