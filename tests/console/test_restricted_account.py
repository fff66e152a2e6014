"""A console whose database account has what the documents grant, and nothing else."""

import re
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from console.jobs.table import list_jobs
from runtime.secret import Secret
from storage.letter_states import LetterFilters
from storage.read.ledger import GRACE, read_holes
from storage.replay import replay
from tests.console.api.test_referrals import send
from tests.console.builders import dead_letter, enriched_click, rejected_click, store
from tests.console.pipeline.builders import make_process
from tests.console.reports.test_saved import post
from tests.console.running import Console, make_settings, run_console
from tests.waiting import eventually

pytestmark = pytest.mark.servers

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "operating.md"
NOW = datetime.now(UTC)
HASH = "h1.q0pV2mYb5n8sR4tW7xZ1aC"
CLICK = enriched_click(NOW - timedelta(minutes=2), ip_hash=HASH)


class RecordingProducer:
    """Takes every record."""

    def __init__(self) -> None:
        self.values: list[bytes] = []

    async def deliver(self, records: Any) -> None:
        self.values += [record.value for record in records]


def read_grants() -> str:
    """Give the statements of the document."""
    block = DOCUMENT.read_text().partition("<!-- console grants -->")[2]
    return block.partition("```\n")[2].partition("```")[0]


@pytest.fixture
async def restricted_url(tables: asyncpg.Connection, database_url: str) -> AsyncIterator[str]:
    """The URL of the test's tables for an account that was made as the document says."""
    name, schema = f"console_{uuid.uuid4().hex[:8]}", await tables.fetchval("SELECT current_schema()")
    database = await tables.fetchval("SELECT current_database()")
    statements = re.sub(r"\bconsole\b", name, read_grants())
    statements = statements.replace("SCHEMA public", f"SCHEMA {schema}").replace(
        "DATABASE clickrail", f"DATABASE {database}"
    )
    await tables.execute(statements.replace("a long random one", "guessed"))
    parts = urlsplit(database_url)
    yield parts._replace(netloc=f"{name}:guessed@{parts.netloc.rpartition('@')[2]}").geturl()
    await tables.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{name}';"
        f" DROP OWNED BY {name}; DROP ROLE {name}"
    )


@pytest.fixture
async def console(restricted_url: str, tables: asyncpg.Connection) -> AsyncIterator[Console]:
    await store(tables, [CLICK, rejected_click(NOW - timedelta(minutes=1), ip_hash=HASH), dead_letter(NOW)])
    async with run_console(make_settings(database_url=Secret(restricted_url))) as console:
        await console.log_in()
        yield console


async def do(console: Console, address: str, /, **fields: str) -> int:
    status, _ = await post(console, address, **fields)
    return status


async def end_jobs(tables: asyncpg.Connection) -> list[tuple[str, str, str]]:
    """Wait until no job is open; give the kinds, states and problems."""

    async def read() -> list[tuple[str, str, str]] | None:
        jobs = await list_jobs(tables)
        return None if any(job.is_open for job in jobs) else [(job.kind, job.state, job.problem or "") for job in jobs]

    return await eventually(read)


async def test_every_page_that_writes_can(console: Console, tables: asyncpg.Connection) -> None:
    program = {"id": "shoes", "name": "Shoes", "target_url": "https://shop.example/"}
    made = [
        (await send(console, "POST", "programs", program))[0],
        (await send(console, "POST", "affiliates", {"id": "ann", "name": "Ann"}))[0],
        (await send(console, "POST", "codes", {"code": "one", "affiliate_id": "ann", "program_id": "shoes"}))[0],
        (await send(console, "PATCH", "programs/shoes", {"status": "paused"}))[0],
        (await send(console, "POST", "annotations", {"text": "a sale", "day": "2026-11-01"}))[0],
    ]
    csrf = {"X-CSRF-Token": await console.read_csrf()}
    async with console.client.post(
        "/parts/import/run", data="code,affiliate_id,program_id\ntwo,ann,shoes\n", headers=csrf
    ) as sent:
        made.append(sent.status)
    led = [
        await do(console, "/annotations/1/remove"),
        await do(console, "/views", name="Mine", path="/reports", query="by=code", is_start="1"),
        await do(console, "/views/start", view=""),
        await do(console, "/shares", name="Mine", path="/reports", query="by=code", days="7"),
        await do(console, "/keys", name="Bot", scope="viewer", days="30"),
        await do(console, "/users", login="eve", name="Eve", role="viewer"),
        await do(console, "/account/name", name="Olivia"),
        await do(console, "/logout"),
    ]

    assert made == [201, 201, 201, 200, 201, 200]
    assert led == [303, 303, 303, 200, 200, 200, 303, 303]
    assert await tables.fetchval("SELECT count(*) FROM referral_codes") == 2
    assert await tables.fetchval("SELECT count(*) FROM share_links") == 1


async def test_files_are_made_and_deleted_and_somebody_is_erased(console: Console, tables: asyncpg.Connection) -> None:
    await do(console, "/jobs/files", kind="clicks_file", query="range=7d")
    await do(console, "/jobs/files", kind="report_file", query="range=7d&by=code")
    made = await end_jobs(tables)
    downloaded = await console.read("/jobs/1/file")
    deleted = await do(console, "/jobs/1/file/delete")
    await do(console, "/views", name="Who", path="/clicks", query=f"address={HASH.lower()}")
    erasure = {"asked": "ip_hash", "value": HASH, "why": ""}
    await tables.execute("UPDATE clicks SET ip_hash = lower(ip_hash)")
    await tables.execute("UPDATE rejected_clicks SET ip_hash = lower(ip_hash)")
    planned = await do(console, "/jobs/erasure", **erasure)
    await end_jobs(tables)
    erased = await do(console, "/jobs/erasure", **erasure, really="yes")
    jobs = await end_jobs(tables)

    assert made == [("report_file", "done", ""), ("clicks_file", "done", "")]
    assert CLICK.click_id in downloaded
    assert (deleted, planned, erased) == (303, 303, 303)
    assert jobs[:2] == [("erasure", "done", ""), ("erasure_plan", "done", "")]
    assert await tables.fetchval("SELECT count(*) FROM clicks WHERE erased_at IS NOT NULL") == 1
    assert await tables.fetchval("SELECT count(*) FROM saved_views") == 0


async def test_losses_are_acknowledged_and_letters_are_sent_again(
    console: Console, tables: asyncpg.Connection, restricted_url: str
) -> None:
    # After the tables were made: numbers of earlier processes are not expected.
    now = datetime.now(UTC)
    process, minute = make_process(now), now.replace(second=0, microsecond=0) - timedelta(minutes=5)
    await tables.execute(
        "INSERT INTO ledger_processes (process, stored, dead, last_at) VALUES ($1, '{[2,3)}', '{}', $2)", process, now
    )
    await tables.execute("INSERT INTO ledger_minutes VALUES ($1, $2, 2)", minute, process)
    console.environment.pipeline.ledger.report = await read_holes(tables, now, now - GRACE)
    acknowledged = await do(console, "/pipeline/losses", clicks="1", reason="a disk is gone")
    producer, account = RecordingProducer(), await asyncpg.connect(restricted_url)
    done = await replay(account, producer, LetterFilters(), ["clicks.raw"])
    await account.close()

    assert acknowledged == 303
    assert (done.sent, producer.values) == (1, [b'{"not": "a click"}'])


async def test_the_account_can_neither_change_the_log_nor_make_or_drop_anything(
    console: Console,  # noqa: ARG001 - that somebody has logged in is what the log has
    restricted_url: str,
) -> None:
    account = await asyncpg.connect(restricted_url)
    refused = []
    for statement in (
        "DELETE FROM audit_log",
        "UPDATE audit_log SET action = 'x'",
        "DELETE FROM clicks",
        "INSERT INTO clicks (click_id) VALUES ('x')",
        "DELETE FROM programs",
        "TRUNCATE erased_clicks",
        "DROP TABLE annotations",
        "CREATE TABLE mine (n int)",
    ):
        try:
            await account.execute(statement)
        except asyncpg.InsufficientPrivilegeError:
            refused.append(statement)
    await account.close()

    assert len(refused) == 8
