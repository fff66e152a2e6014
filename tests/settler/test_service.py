"""The settler as a service: it settles what is stored, and an outage makes it wait."""

import asyncio
from datetime import UTC, datetime, timedelta

import aiohttp
import asyncpg
import msgspec
import pytest

from deploy.local.ports import free_port
from deploy.local.postgres import plan_postgres
from deploy.local.server import running
from deploy.local.settings import LocalSettings
from runtime.secret import Secret
from settler.service import STOP_S, serve
from settler.settings import Settings
from tests.console.builders import open_tables
from tests.settler.builders import HOSTING, another_connection, click, scores, store_at
from tests.waiting import eventually

pytestmark = pytest.mark.servers

IS_WAITING = "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'affiliate_quality'::regclass AND NOT granted)"


async def read(port: int, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as answer:
        return answer.status, await answer.text()


async def has_scores(connection: asyncpg.Connection, count: int) -> bool:
    return len(await scores(connection)) == count


async def is_ready(port: int) -> bool:
    try:
        return (await read(port, "/readyz"))[0] == 200
    except aiohttp.ClientError:
        return False


async def is_not_ready(port: int) -> bool:
    return not await is_ready(port)


async def test_it_settles_clicks_and_says_so(database_url: str) -> None:
    port = free_port()
    at = datetime.now(UTC) - timedelta(hours=2)
    clicks = [
        msgspec.structs.replace(one, clicked_at=at + timedelta(seconds=n))
        for n, one in enumerate([click(0), click(1, network=HOSTING)])
    ]
    async with open_tables(database_url) as connection:
        await store_at(connection, clicks, at)
        stop = asyncio.Event()
        running_settler = asyncio.create_task(
            serve(Settings(database_url=Secret(database_url), private_port=port), stop)
        )
        await eventually(lambda: has_scores(connection, 2))
        metrics = (await read(port, "/metrics"))[1]
        await eventually(lambda: is_ready(port))
        stop.set()
        await running_settler

    assert 'clickrail_settler_settled_total{band="clean"} 1.0' in metrics
    assert 'clickrail_settler_settled_total{band="suspicious"} 1.0' in metrics


async def test_a_day_that_cannot_be_counted_is_told_by_its_readiness_while_clicks_are_settled(
    database_url: str,
) -> None:
    port, stop, at = free_port(), asyncio.Event(), datetime.now(UTC) - timedelta(hours=2)
    async with open_tables(database_url) as connection:
        await connection.execute("ALTER TABLE affiliate_quality RENAME TO affiliate_quality_away")
        await store_at(connection, [msgspec.structs.replace(click(0), clicked_at=at)], at)
        work = asyncio.create_task(serve(Settings(database_url=Secret(database_url), private_port=port), stop))
        await eventually(lambda: has_scores(connection, 1))
        await eventually(lambda: says(port, "days are not counted for affiliates"))
        stop.set()
        await work


async def test_a_count_that_takes_long_is_cancelled_by_the_stop(database_url: str) -> None:
    port, stop, at = free_port(), asyncio.Event(), datetime.now(UTC) - timedelta(hours=2)
    async with open_tables(database_url) as connection, another_connection(database_url) as other:
        await store_at(connection, [msgspec.structs.replace(click(0), clicked_at=at)], at)
        async with other.transaction():
            # The count waits for this lock, for hours.
            await other.execute("LOCK TABLE affiliate_quality IN SHARE MODE")
            work = asyncio.create_task(serve(Settings(database_url=Secret(database_url), private_port=port), stop))
            await eventually(lambda: connection.fetchval(IS_WAITING))
            stop.set()
            async with asyncio.timeout(3 * STOP_S):
                await work


async def says(port: int, text: str) -> bool:
    status, said = await read(port, "/readyz")
    return status == 503 and text in said


async def test_while_postgres_is_away_it_waits_and_then_goes_on(own_settings: LocalSettings) -> None:
    port, stop = free_port(), asyncio.Event()
    async with running(await plan_postgres(own_settings)) as server:
        async with open_tables(server.address):
            pass
        work = asyncio.create_task(serve(Settings(database_url=Secret(server.address), private_port=port), stop))
        await eventually(lambda: is_ready(port))
        await server.stop()
        await eventually(lambda: is_not_ready(port))
        await server.start()
        await eventually(lambda: is_ready(port))
        stop.set()
        await work
