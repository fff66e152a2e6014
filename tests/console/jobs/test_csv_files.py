"""Files as jobs, on a real PostgreSQL: they have what the tables have, belong to who asked, and are deleted."""

import asyncio
import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from aiohttp import ClientPayloadError
from playwright.async_api import Browser, expect

from console.audit.log import Actor
from console.jobs.csv_files import make_file_works, watch
from console.jobs.files import MOST, PART, remove_old_files
from console.jobs.runner import Cancelled, JobRunner
from console.jobs.table import ORPHANS, SHOWN, Job, add_job, cancel_job, list_jobs
from runtime.postgres import Session, connected
from runtime.secret import Secret
from storage.erasure.erasing import erase
from storage.erasure.request import ErasureRequest
from storage.export.plan import ExportPlan
from storage.export.rows import DayWriter
from storage.read.click_filters import ClickFilters
from tests.console.axe import find_violations
from tests.console.browsing import opened_as
from tests.console.builders import enriched_click, rejected_click, store
from tests.console.reports.world import count_raw, fill
from tests.console.running import Console, make_settings, run_console
from tests.waiting import PATIENCE_S, eventually

pytestmark = pytest.mark.servers

TRYING = Session(application="a test", connect_s=5.0, statement_s=60.0, server_s=60.0)
IS_WAITING = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $1"
VIEWER = Actor("user", "viewer", "Viewer")


@pytest.fixture
def runner(database_url: str) -> JobRunner:
    url = Secret(database_url)
    return JobRunner(url, make_file_works(url, 2_000), "files")


async def make_file(tables: asyncpg.Connection, runner: JobRunner | None, kind: Any, query: str) -> Job:
    """Ask for a file and wait for it. Without a runner a console makes it, which takes what others run for lost."""
    number = await add_job(tables, kind, VIEWER, {"query": query})
    if runner is not None:
        await runner.run_next(tables)
    return await eventually(lambda: find_ended(tables, number))


async def find_ended(tables: asyncpg.Connection, number: int) -> Job | None:
    return next((job for job in await list_jobs(tables) if job.job_id == number and not job.is_open), None)


async def read_file(tables: asyncpg.Connection, job: Job) -> list[dict[str, str]]:
    parts = await tables.fetch("SELECT data FROM job_files WHERE job_id = $1 ORDER BY part", job.job_id)
    return list(csv.DictReader(io.StringIO(b"".join(row[0] for row in parts).decode())))


async def export_ids(tables: asyncpg.Connection, code: str, days: list[datetime]) -> list[str]:
    """Export the clicks of a code as `clickrail export clicks --code` does, and give their ids."""
    out = io.BytesIO()
    writer = DayWriter(ExportPlan(kind="clicks", filters=ClickFilters(code=code)), "csv", out, lambda _: None)
    for day in days:
        await writer.write(tables, day.date())
    return [row["click_id"] for row in csv.DictReader(io.StringIO(out.getvalue().decode()))]


async def test_a_file_of_clicks_has_the_rows_that_the_export_writes(
    tables: asyncpg.Connection, runner: JobRunner
) -> None:
    now = datetime.now(UTC)
    days = [now - timedelta(days=1), now]
    clicks = [enriched_click(now - timedelta(seconds=40 * n + 1), n) for n in range(1010)]
    others = [enriched_click(now - timedelta(seconds=5), 9000, code="other"), rejected_click(now, 9001)]
    await store(tables, clicks)
    await store(tables, others)
    job = await make_file(tables, runner, "clicks_file", "f.code=is:spring-26&outcome=accepted&range=7d")
    ids = [row["id"] for row in await read_file(tables, job)]

    assert (job.state, job.result, job.progress) == ("done", "1,010 rows", 1010)
    assert ids == [click.click_id for click in clicks]
    assert sorted(ids) == sorted(await export_ids(tables, "spring-26", [now - timedelta(days=2), *days]))


async def test_a_file_of_clicks_ends_when_it_was_asked_for(tables: asyncpg.Connection, runner: JobRunner) -> None:
    now = datetime.now(UTC)
    before, after = enriched_click(now - timedelta(minutes=1)), enriched_click(now + timedelta(minutes=1), 2)
    await store(tables, [before, after])
    job = await make_file(tables, runner, "clicks_file", "")

    assert [row["id"] for row in await read_file(tables, job)] == [before.click_id]


async def test_what_a_page_may_not_read_is_asked_for_as_a_job_and_downloaded(
    database_url: str, tables: asyncpg.Connection, browser: Browser
) -> None:
    await fill(tables, clicks=8300)
    query = "by=code&range=28d&f.country=is:DE&f.device=is:mobile&f.os=is:iOS&columns=people,bots"
    settings = make_settings(database_url=Secret(database_url))
    async with run_console(settings) as console, opened_as(browser, console, f"/reports?{query}", "viewer") as page:
        await page.get_by_role("button", name="Make it as a job").click()
        await page.wait_for_url("**/jobs")
        table = page.get_by_role("region", name="Jobs asked for by people")
        await expect(table).to_contain_text("10 rows")
        await expect(page.get_by_role("button", name="Erase for good")).to_have_count(0)
        assert await find_violations(page) == []
        async with page.expect_download() as download:
            await page.get_by_role("link", name="Download").click()
        text = (await (await download.value).path()).read_text()
        await page.get_by_role("button", name="Delete").click()
        await expect(table).to_contain_text("The file is deleted.")
    rows = {row["code"]: (int(row["people"]), int(row["bots"])) for row in csv.DictReader(io.StringIO(text))}
    now = datetime.now(UTC)
    raw = await count_raw(tables, ("code", "country", "device", "os"), now - timedelta(days=60), now)
    noted = await tables.fetch("SELECT action FROM audit_log WHERE actor_id = 'viewer' ORDER BY id")

    assert rows == {key[0]: counts[:2] for key, counts in raw.items() if key[1:] == ("DE", "mobile", "iOS")}
    assert [row[0] for row in noted] == ["file.ask", "export", "file.delete"]
    assert await tables.fetchval("SELECT count(*) FROM job_files") == 0


async def test_a_file_is_for_who_asked_for_it_and_for_who_operates(
    tables_console: Console, tables: asyncpg.Connection
) -> None:
    job = await make_file(tables, None, "clicks_file", "")
    statuses = {}
    for role in ("viewer", "editor", "admin"):
        await tables_console.log_in(role)  # type: ignore[arg-type]
        async with tables_console.client.get(f"/jobs/{job.job_id}/file") as response:
            statuses[role] = response.status
        assert (f"/jobs/{job.job_id}/file" in await tables_console.read("/jobs")) == (role != "editor")

    assert statuses == {"viewer": 200, "editor": 404, "admin": 200}


async def test_nobody_has_more_files_than_allowed(tables_console: Console, tables: asyncpg.Connection) -> None:
    for _ in range(MOST - 1):
        await add_job(tables, "clicks_file", VIEWER, {"query": "f.code=is:nothing"})
    await tables_console.log_in("viewer")
    form = {"csrf": await tables_console.read_csrf(), "kind": "clicks_file", "query": ""}

    async def ask() -> tuple[int, bool]:
        async with tables_console.client.post("/jobs/files", data=form, allow_redirects=False) as response:
            return response.status, f"You have {MOST} files" in await response.text()

    assert sorted(await asyncio.gather(ask(), ask(), ask())) == [(303, False), (422, True), (422, True)]


async def test_a_file_is_listed_however_many_jobs_came_after_it(tables: asyncpg.Connection, runner: JobRunner) -> None:
    job = await make_file(tables, runner, "clicks_file", "")
    for _ in range(SHOWN + 5):
        await cancel_job(tables, await add_job(tables, "clicks_file", VIEWER, {"query": ""}))
    listed = [one.job_id for one in await list_jobs(tables, VIEWER.id)]

    assert (listed[-1], len(listed)) == (job.job_id, SHOWN + 1)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE jobs SET kept_until = clock_timestamp()",
        "INSERT INTO erased_clicks (digest, prefix) VALUES (sha256('x'), 'letter')",
    ],
    ids=["its time is over", "something was erased"],
)
async def test_a_file_is_deleted_when(tables: asyncpg.Connection, tables_console: Console, change: str) -> None:
    job = await make_file(tables, None, "clicks_file", "")
    await tables.execute(change)
    async with tables_console.client.get(f"/jobs/{job.job_id}/file") as response:
        assert response.status == 404
    await remove_old_files(tables)

    assert await tables.fetchval("SELECT count(*) FROM job_files") == 0
    assert "The file is deleted." in await tables_console.read("/jobs")


async def test_a_file_that_was_read_while_an_erasure_changed_its_clicks_is_deleted(
    tables: asyncpg.Connection, runner: JobRunner, database_url: str
) -> None:
    click = enriched_click(datetime.now(UTC) - timedelta(minutes=1))
    await store(tables, [click])
    async with connected(database_url, TRYING) as holder, connected(database_url, TRYING) as eraser:
        async with holder.transaction():
            await holder.execute("LOCK TABLE clicks IN SHARE MODE")
            erasing = asyncio.create_task(erase(eraser, ErasureRequest("click", click.click_id)))
            await eventually(lambda: holder.fetchval(IS_WAITING, eraser.get_server_pid()))
            job = await make_file(tables, runner, "clicks_file", "")
            found = [row["id"] for row in await read_file(tables, job)]
        await erasing
    await remove_old_files(tables)

    assert found == [click.click_id], "the erasure had not changed it yet"
    assert await tables.fetchval("SELECT count(*) FROM job_files") == 0


async def test_a_file_of_one_address_names_it_nowhere_once_something_is_erased(
    tables: asyncpg.Connection, tables_console: Console
) -> None:
    address = "5b7c0ffee"
    await tables_console.log_in("viewer")
    query = f"address={address}&f.country=is:DE"
    form = {"csrf": await tables_console.read_csrf(), "kind": "clicks_file", "query": query}
    async with tables_console.client.post("/jobs/files", data=form) as response:
        assert response.status == 200
    await eventually(lambda: tables.fetchval("SELECT state = 'done' FROM jobs"))
    await tables_console.read(f"/jobs/{(await list_jobs(tables))[0].job_id}/file")
    await tables_console.read(f"/clicks.csv?{query}")
    await tables.execute("INSERT INTO erased_clicks (digest, prefix) VALUES (sha256('x'), 'letter')")
    await remove_old_files(tables)
    kept = await tables.fetchval(
        "SELECT (SELECT string_agg(jobs::text, ' ') FROM jobs) || (SELECT string_agg(a::text, ' ') FROM audit_log a)"
    )

    assert "hidden" in kept
    assert address not in kept
    assert "The file is deleted." in await tables_console.read("/jobs")


async def test_a_file_whose_process_died_before_its_job_ended_is_no_file(
    tables: asyncpg.Connection, runner: JobRunner
) -> None:
    await make_file(tables, runner, "clicks_file", "")
    await tables.execute("UPDATE jobs SET state = 'running', ended_at = NULL")
    await tables.execute(ORPHANS, ["clicks_file"])
    await remove_old_files(tables)
    (job,) = await list_jobs(tables)

    assert (job.state, job.kept_until, job.file_bytes) == ("failed", None, None)


async def test_a_download_whose_file_is_deleted_meanwhile_fails_and_does_not_look_complete(
    tables: asyncpg.Connection, tables_console: Console
) -> None:
    job = await make_file(tables, None, "clicks_file", "")
    more = "INSERT INTO job_files (job_id, part, data) SELECT $1, part, $2 FROM generate_series(1, 80) AS part"
    await tables.execute(more, job.job_id, bytes(PART))
    async with tables_console.client.get(f"/jobs/{job.job_id}/file") as response:
        await response.content.readexactly(10)
        await tables.execute("DELETE FROM job_files WHERE part > 70")
        with pytest.raises(ClientPayloadError):
            await response.content.read()


async def test_a_long_statement_ends_at_once_when_its_job_is_cancelled(tables: asyncpg.Connection) -> None:
    async def proceed(_: int) -> None:
        raise Cancelled

    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(Cancelled):
            await watch(tables.execute("SELECT pg_sleep(1000)"), proceed)
    assert await tables.fetchval("SELECT 1") == 1, "the connection can be used"
