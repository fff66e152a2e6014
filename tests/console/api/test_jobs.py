"""Jobs as JSON: files are asked for, followed and downloaded, by who may see them."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from console.audit.log import Actor
from console.jobs.files import MOST
from console.jobs.table import add_job
from tests.console.api.test_referrals import ask, send
from tests.console.builders import enriched_click, store
from tests.console.running import Console
from tests.waiting import eventually

pytestmark = pytest.mark.servers

ERASURE = {"asked": "ip_hash", "value": "h1.secret", "why": ""}


async def find_done(console: Console, number: int) -> Any:
    _, job = await ask(console, f"jobs/{number}")
    return job if job["state"] == "done" else None


async def download(console: Console, number: int) -> tuple[int, str, str]:
    async with console.client.get(f"/api/v1/jobs/{number}/file") as response:
        return response.status, response.content_type, await response.text()


async def test_a_file_is_asked_for_followed_and_downloaded(tables_console: Console, tables: asyncpg.Connection) -> None:
    clicks = [enriched_click(datetime.now(UTC) - timedelta(minutes=n), n) for n in (1, 2)]
    await store(tables, clicks)
    query = "range=7d&f.code=is:spring-26"
    status, asked = await send(tables_console, "POST", "jobs", {"kind": "clicks_file", "query": query})
    job = await eventually(lambda: find_done(tables_console, asked["job_id"]))
    found = await download(tables_console, asked["job_id"])
    rows = list(csv.DictReader(io.StringIO(found[2])))
    noted = await tables.fetch("SELECT action FROM audit_log WHERE action IN ('file.ask', 'export') ORDER BY id")

    assert (status, asked["kind"], asked["query"], asked["file"]) == (201, "clicks_file", query, None)
    assert (job["result"], job["file"]["bytes"]) == ("2 rows", len(found[2].encode()))
    assert found[:2] == (200, "text/csv")
    assert [row["id"] for row in rows] == [click.click_id for click in clicks]
    assert [row[0] for row in noted] == ["file.ask", "export"]


async def test_jobs_are_listed_in_pages_and_an_erasure_names_nobody(
    tables_console: Console, tables: asyncpg.Connection
) -> None:
    numbers = [
        await add_job(tables, "erasure_plan", Actor("user", "owner", "Owner"), ERASURE),
        await add_job(tables, "clicks_file", Actor("user", "viewer", "Viewer"), {"query": "range=7d"}),
        await add_job(tables, "report_file", Actor("key", "bot", "Bot"), {"query": "by=code"}),
    ]
    _, first = await ask(tables_console, "jobs?limit=2")
    _, second = await ask(tables_console, f"jobs?limit=2&before={first['next']}")
    listed = [*first["jobs"], *second["jobs"]]

    assert [job["job_id"] for job in listed] == numbers[::-1]
    assert (first["next"], second["next"]) == (numbers[1], None)
    assert [job["query"] for job in listed] == ["by=code", "range=7d", None]
    assert "secret" not in str(listed)


async def test_somebody_sees_jobs_of_their_own_alone_unless_they_operate(
    tables_console: Console, tables: asyncpg.Connection
) -> None:
    numbers = {
        role: await add_job(tables, "clicks_file", Actor("user", role, role), {"query": ""})
        for role in ("viewer", "editor")
    }
    await tables_console.log_in("viewer")
    _, listed = await ask(tables_console, "jobs")
    other, one = await ask(tables_console, f"jobs/{numbers['editor']}")

    assert [job["job_id"] for job in listed["jobs"]] == [numbers["viewer"]]
    assert (other, one["reason"]) == (404, "unknown_job")
    assert (await download(tables_console, numbers["editor"]))[0] == 404


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({"kind": "erasure"}, 400, "bad_body"),
        ({"kind": "clicks_file", "colour": "red"}, 400, "bad_body"),
        ({"kind": "clicks_file", "query": "range=someday"}, 400, "bad_question"),
        ({"kind": "report_file", "query": "by=colour"}, 400, "bad_question"),
        ({"kind": "report_file", "query": "by=code&sort=" + "x" * 9000}, 400, "bad_question"),
    ],
)
async def test_a_file_that_nobody_can_make_is_a_problem(
    tables_console: Console, body: object, status: int, reason: str
) -> None:
    answered, problem = await send(tables_console, "POST", "jobs", body)

    assert (answered, problem["reason"]) == (status, reason)


async def test_whoever_has_as_many_files_as_allowed_is_refused(
    tables_console: Console, tables: asyncpg.Connection
) -> None:
    for _ in range(MOST):
        await add_job(tables, "clicks_file", Actor("user", "owner", "Owner"), {"query": ""})
    status, problem = await send(tables_console, "POST", "jobs", {"kind": "clicks_file"})

    assert (status, problem["reason"]) == (422, "refused")
    assert "You have 10 files" in problem["detail"]


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("jobs/0", 404, "unknown_job"),
        ("jobs/7", 404, "unknown_job"),
        ("jobs/x", 404, "unknown_job"),
        ("jobs/7/file", 404, "no_file"),
        ("jobs?limit=0", 400, "bad_question"),
        ("jobs?colour=red", 400, "bad_question"),
    ],
)
async def test_what_cannot_be_answered_is_a_problem(
    tables_console: Console, path: str, status: int, reason: str
) -> None:
    answered, problem = await ask(tables_console, path)

    assert (answered, problem["reason"]) == (status, reason)
