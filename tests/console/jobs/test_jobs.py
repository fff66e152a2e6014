"""Jobs on real servers: a replay is sent once, an erasure is planned first, and a lost process leaves a failed job."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import msgspec
import pytest
from playwright.async_api import Browser, expect

from console.audit.log import CLI
from console.jobs.kinds import make_works
from console.jobs.runner import JobRunner
from console.jobs.table import CLAIM, add_job, cancel_job, list_jobs
from console.settings import Settings
from runtime.postgres import Session, connected
from runtime.secret import Secret
from runtime.task_scope import task_scope
from schemas import CLICKS_ENRICHED, encode
from tests.console.axe import find_violations
from tests.console.browsing import opened_as
from tests.console.builders import dead_letter, enriched_click, open_tables, store
from tests.console.pipeline.builders import make_all_topics
from tests.console.running import Console, make_settings, run_console
from tests.pooler import needs_pgbouncer, own_database, pooled
from tests.runtime.kafka.test_producer import read_all
from tests.waiting import eventually

pytestmark = pytest.mark.servers

TRYING = Session(application="a test", connect_s=5.0, statement_s=60.0, server_s=60.0)
IS_WAITING = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $1"
LOCKS = """
    SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
    WHERE locktype = 'advisory' AND datname = current_database()
"""


@pytest.fixture
def runner(console_settings: Settings) -> JobRunner:
    return JobRunner(console_settings.database_url, make_works(console_settings))


async def store_letters(tables: asyncpg.Connection, settings: Settings, number: int) -> list[bytes]:
    """Store letters about clicks that are good now, as after a repair of the enricher; give their bytes."""
    topic = settings.kafka_topic_prefix + CLICKS_ENRICHED.name
    values = [encode(enriched_click(number=one)) for one in range(number)]
    letters = [
        dead_letter(datetime.now(UTC), one, topic=topic, value=value, stage="sink", reason="internal_error")
        for one, value in enumerate(values)
    ]
    await store(tables, letters)
    return values


async def is_over(tables: asyncpg.Connection, job_id: int) -> bool:
    return any(job.job_id == job_id and not job.is_open for job in await list_jobs(tables))


@pytest.mark.browser
async def test_an_operator_replays_a_letter_and_it_is_sent_once(
    kafka: str, console_settings: Settings, tables: asyncpg.Connection, browser: Browser
) -> None:
    await make_all_topics(kafka, console_settings.kafka_topic_prefix)
    values = await store_letters(tables, console_settings, 2)
    async with run_console(console_settings) as console, opened_as(browser, console, "/dead-letters", "owner") as page:
        await page.get_by_role("link", name="Replay …").first.click()
        assert await find_violations(page) == []
        await page.get_by_role("button", name="Send 2 letters again").click()
        await page.wait_for_url("**/jobs")
        await expect(page.get_by_role("region", name="Jobs asked for by people")).to_contain_text(
            "2 letters sent again"
        )
        assert await find_violations(page) == []
        await page.goto("/dead-letters/replay")
        await expect(page.get_by_text("Nothing to send.")).to_be_visible()
    topic = console_settings.kafka_topic_prefix + CLICKS_ENRICHED.name
    assert sorted(value for _, _, value in await read_all(kafka, topic)) == sorted(values)
    assert await tables.fetchval("SELECT action FROM audit_log WHERE action LIKE 'letters%'") == "letters.replay"


async def test_a_replay_of_one_letter_sends_only_that(
    kafka: str, console_settings: Settings, tables: asyncpg.Connection, runner: JobRunner
) -> None:
    await make_all_topics(kafka, console_settings.kafka_topic_prefix)
    values = await store_letters(tables, console_settings, 3)
    topic = console_settings.kafka_topic_prefix + CLICKS_ENRICHED.name
    one = {"topic": topic, "partition": 3, "offset": 1}
    await add_job(tables, "replay", CLI, {"filters": one, "again": False}, 1)
    assert await runner.run_next(tables)
    (job,) = await list_jobs(tables)
    assert (job.state, job.progress, job.result) == ("done", 1, "1 letter sent again")
    assert [value for _, _, value in await read_all(kafka, topic)] == [values[1]]


async def test_without_kafka_a_replay_fails_and_no_letter_is_touched(
    console_settings: Settings, tables: asyncpg.Connection
) -> None:
    await store_letters(tables, console_settings, 1)
    away = msgspec.structs.replace(console_settings, kafka_bootstrap_servers=("127.0.0.1:1",))
    await add_job(tables, "replay", CLI, {"filters": {}, "again": False}, 1)
    assert await JobRunner(away.database_url, make_works(away)).run_next(tables)
    (job,) = await list_jobs(tables)
    assert (job.state, await tables.fetchval("SELECT count(*) FROM dead_letter_replays")) == ("failed", 0)


async def test_an_erasure_is_planned_and_then_done(tables: asyncpg.Connection, runner: JobRunner) -> None:
    click = enriched_click(datetime.now(UTC))
    await store(tables, [click])
    request = {"asked": "click", "value": click.click_id, "why": "asked by mail"}
    await add_job(tables, "erasure_plan", CLI, request)
    await add_job(tables, "erasure", CLI, request)
    assert [await runner.run_next(tables) for _ in range(3)] == [True, True, False]
    done, planned = await list_jobs(tables)
    assert planned.result == "Would be erased: 1 clicks, 0 rejections, 0 dead letters"
    assert (done.state, done.parameters, planned.parameters) == ("done", {}, {})
    assert await tables.fetchval("SELECT count(*) FROM clicks WHERE click_id = $1", click.click_id) == 0


async def test_what_was_to_be_erased_is_not_named_by_jobs_that_nobody_continues(
    console_settings: Settings, tables: asyncpg.Connection
) -> None:
    request = {"asked": "ip_hash", "value": "a hash", "why": "asked by mail"}
    fresh, old = [await add_job(tables, "erasure_plan", CLI, request) for _ in range(2)]
    end = "UPDATE jobs SET state = 'done', ended_at = clock_timestamp() - $2::interval WHERE job_id = $1"
    await tables.execute(end, fresh, timedelta(hours=1))
    await tables.execute(end, old, timedelta(days=2))
    await cancel_job(tables, await add_job(tables, "erasure", CLI, request))

    async with run_console(console_settings):
        await eventually(lambda: is_named_by(tables, [fresh]))


async def is_named_by(tables: asyncpg.Connection, numbers: list[int]) -> bool:
    return [job.job_id for job in await list_jobs(tables) if job.parameters] == numbers


async def test_a_job_that_waits_can_be_cancelled(tables: asyncpg.Connection, runner: JobRunner) -> None:
    number = await add_job(tables, "replay", CLI, {"filters": {}})
    assert await cancel_job(tables, number) == "replay"
    assert not await runner.run_next(tables)
    assert await cancel_job(tables, number) is None
    assert [job.state for job in await list_jobs(tables)] == ["cancelled"]


async def test_a_job_whose_process_died_is_failed_by_the_next_console(
    console_settings: Settings, tables: asyncpg.Connection
) -> None:
    number = await add_job(tables, "replay", CLI, {"filters": {}})
    await tables.execute("UPDATE jobs SET state = 'running'")
    async with run_console(console_settings):
        await eventually(lambda: is_over(tables, number))
    assert [job.state for job in await list_jobs(tables)] == ["failed"]


@needs_pgbouncer
async def test_behind_a_pooler_one_console_runs_jobs_and_leaves_no_lock_when_it_ends(
    postgres: str, tmp_path: Path
) -> None:
    async with (
        own_database(postgres) as direct,
        pooled(direct, tmp_path, "transaction") as through,
        open_tables(direct) as tables,
    ):
        number = await add_job(tables, "erasure_plan", CLI, {"asked": "ip_hash", "value": "none", "why": ""})
        settings = make_settings(database_url=Secret(through))
        async with task_scope(*(JobRunner(Secret(through), make_works(settings)).run() for _ in range(2))):
            await eventually(lambda: is_over(tables, number))
            assert await count_locks(tables) == 1
        await eventually(lambda: has_no_lock(tables))


async def count_locks(tables: asyncpg.Connection) -> int:
    found: int = await tables.fetchval(LOCKS)
    return found


async def has_no_lock(tables: asyncpg.Connection) -> bool:
    return await count_locks(tables) == 0


async def test_two_processes_do_not_take_the_same_job(database_url: str, tables: asyncpg.Connection) -> None:
    number = await add_job(tables, "replay", CLI, {"filters": {}})
    async with connected(database_url, TRYING) as other, tables.transaction():
        taken = await tables.fetchrow(CLAIM, ["replay"])
        second = asyncio.create_task(other.fetchrow(CLAIM, ["replay"]))
        await eventually(lambda: tables.fetchval(IS_WAITING, other.get_server_pid()))
        await tables.execute("COMMIT; BEGIN")
        assert (taken["job_id"], await second) == (number, None)


async def test_a_wrong_id_is_explained_beside_the_form(console: Console) -> None:
    form = {"csrf": await console.read_csrf(), "asked": "click", "value": "nonsense"}
    async with console.client.post("/jobs/erasure", data=form) as response:
        assert (response.status, "This is no click id" in await response.text()) == (422, True)


async def test_nonsense_in_the_address_of_a_replay_is_explained(console: Console) -> None:
    async with console.client.get("/dead-letters/replay?from=yesterday") as response:
        assert (response.status, "A time is such as" in await response.text()) == (422, True)


async def test_an_erasure_that_was_not_planned_is_refused(console: Console, tables: asyncpg.Connection) -> None:
    form = {"csrf": await console.read_csrf(), "asked": "click", "value": enriched_click().click_id, "really": "yes"}
    async with console.client.post("/jobs/erasure", data=form) as response:
        assert (response.status, "Plan it first" in await response.text()) == (422, True)
    assert await list_jobs(tables) == []
