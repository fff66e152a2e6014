"""PostgreSQL frozen, cut off, read-only, full, restarted or killed: the sink waits, and loses and doubles nothing."""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import aiohttp
import asyncpg
import msgspec
import pytest

from cli.tables import apply_migrations
from deploy.local.postgres import plan_postgres
from deploy.local.server import Server, running
from deploy.local.settings import LocalSettings
from identity.ulid import make_ulid
from runtime.kafka.out_record import OutRecord
from runtime.kafka.producer import RecordProducer
from runtime.kafka.topics import apply_topics
from schemas import CLICKS_ENRICHED, TOPICS, encode
from storage.partitions import CLICKS, NAME
from tests.faults.drill import Drill
from tests.faults.proxy import Proxy
from tests.faults.shop import place_of, read_metric
from tests.faults.test_disk import mounted, remount
from tests.pipeline import Pipeline, Prefixed, running_pipeline
from tests.sink.builders import click
from tests.waiting import eventually

pytestmark = [pytest.mark.servers, pytest.mark.processes]

EACH_S: Final = 0.05
RESUMES_S: Final = 35.0
COMMIT: Final = b"COMMIT;"
BACKENDS: Final = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'clickrail sink%'"


class Storing(Pipeline):
    """A pipeline of which only the sink runs, behind a proxy, with a PostgreSQL of its own to break."""

    def __init__(self, folder: Path, kafka: str, server: Server, proxy: Proxy, prefix: str) -> None:
        place = "{}:{}".format(*place_of(server.address))
        super().__init__(folder, kafka, server.address.replace(place, proxy.address), "", prefix)
        self.server, self.proxy = server, proxy
        self.sent = 0

    async def prepare(self, _: str = "") -> None:
        await apply_topics([self.kafka], [Prefixed(self.prefix, topic) for topic in TOPICS])
        await apply_migrations(self.server.address)

    async def execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.server.address)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def count(self) -> int:
        connection = await asyncpg.connect(self.server.address)
        try:
            found: int = await connection.fetchval("SELECT count(*) FROM clicks")
            return found
        finally:
            await connection.close()

    async def read_count(self) -> tuple[int, ...]:
        """Give the number of stored clicks; nothing while PostgreSQL does not answer."""
        with suppress(OSError, asyncpg.PostgresError, TimeoutError):
            return (await self.count(),)
        return ()

    async def is_stored(self, clicks: int) -> bool:
        return any(stored >= clicks for stored in await self.read_count())

    @asynccontextmanager
    async def clicks_arriving(self, rate: float) -> AsyncIterator[None]:
        """Write `rate` clicks a second to `clicks.enriched` while the block runs."""
        producer = RecordProducer([self.kafka], client_id="test")
        ended = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._write_until(ended, producer, rate))
            try:
                yield
            finally:
                ended.set()
        await producer.close()

    async def _write_until(self, ended: asyncio.Event, producer: RecordProducer, rate: float) -> None:
        start, topic = time.monotonic(), self.prefix + CLICKS_ENRICHED.name
        while not ended.is_set():
            await asyncio.sleep(EACH_S)
            due = int((time.monotonic() - start) * rate) - self.sent
            clicks = [new_click() for _ in range(due)]
            await producer.deliver([OutRecord(topic, click_id.encode(), value) for click_id, value in clicks])
            self.sent += due

    async def wait_for_more(self) -> float:
        """Wait until one click more is stored than are now; give the seconds. Clicks must be arriving."""
        began = time.monotonic()
        (stored,) = await eventually(self.read_count)
        await eventually(lambda: self.is_stored(stored + 1))
        return time.monotonic() - began

    async def wait_for_all(self) -> float:
        """Wait until every click that was written by now is stored; give the seconds."""
        began, wanted = time.monotonic(), self.sent
        await eventually(lambda: self.is_stored(wanted))
        return time.monotonic() - began


def new_click() -> tuple[str, bytes]:
    now = datetime.now(UTC)
    click_id = make_ulid(int(now.timestamp() * 1000), os.urandom(16))
    made = click(clicked_at=now.replace(microsecond=now.microsecond // 1000 * 1000))
    return click_id, encode(msgspec.structs.replace(made, click_id=click_id))


@pytest.fixture
async def storing(own_settings: LocalSettings, tmp_path: Path, kafka: str, topic_prefix: str) -> AsyncIterator[Storing]:
    async with running(await plan_postgres(own_settings)) as server:
        with Proxy(*place_of(server.address)) as proxy:
            yield Storing(tmp_path, kafka, server, proxy, topic_prefix)


async def freeze(storing: Storing, seconds: float) -> None:
    storing.server.freeze()
    await asyncio.sleep(seconds)
    storing.server.thaw()


async def cut_off(storing: Storing, seconds: float) -> None:
    storing.proxy.cut()
    await asyncio.sleep(seconds)
    storing.proxy.restore()


async def make_read_only(storing: Storing, seconds: float) -> None:
    await storing.execute("ALTER SYSTEM SET default_transaction_read_only = on")
    await storing.execute("SELECT pg_reload_conf()")
    await asyncio.sleep(seconds)
    await storing.execute("ALTER SYSTEM RESET default_transaction_read_only")
    await storing.execute("SELECT pg_reload_conf()")


async def restart(storing: Storing, seconds: float) -> None:
    await storing.server.stop()
    await asyncio.sleep(seconds)
    await storing.server.start()


async def crash(storing: Storing, seconds: float) -> None:
    await storing.server.kill()
    await asyncio.sleep(seconds)
    await storing.server.start()


async def lock_out(storing: Storing, seconds: float) -> None:
    """Hold a lock as a long change of the table would. In the long form the sink's statements time out meanwhile."""
    connection = await asyncpg.connect(storing.server.address)
    async with connection.transaction():
        await connection.execute("LOCK TABLE clicks IN ACCESS EXCLUSIVE MODE")
        await asyncio.sleep(seconds)
    await connection.close()


async def kill_backends(storing: Storing, seconds: float) -> None:
    chance, until = random.Random(1), time.monotonic() + seconds
    while time.monotonic() < until:
        await asyncio.sleep(chance.random() / 4)
        await storing.execute(BACKENDS)


async def cut_at_commits(storing: Storing, seconds: float) -> None:
    """Let PostgreSQL have a COMMIT, and the sink no answer to it."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        storing.proxy.break_at(COMMIT)
        await asyncio.sleep(0.3)
    storing.proxy.restore()


FAULTS: Final[Mapping[str, tuple[Callable[[Storing, float], Awaitable[None]], float, float]]] = {
    "frozen": (freeze, 1.5, 60),
    "cut off": (cut_off, 1, 30),
    "read-only": (make_read_only, 1, 30),
    "restarted": (restart, 0, 10),
    "killed": (crash, 0, 10),
    "locked": (lock_out, 1, 70),
    "its backends killed": (kill_backends, 1.5, 60),
    "cut at each COMMIT": (cut_at_commits, 1, 60),
}
"""Each fault, and how many seconds it lasts in the short form and in the long one."""


async def test_whatever_postgresql_does_each_click_is_stored_once_and_none_is_dead_lettered(
    storing: Storing, drill: Drill
) -> None:
    async with running_pipeline(storing, "sink"):
        async with storing.clicks_arriving(500 if drill.long else 100):
            await storing.wait_for_all()
            for name, (break_it, short, long) in FAULTS.items():
                await break_it(storing, drill.seconds(short, long))
                resumed_s = await storing.wait_for_more()
                caught_up_s = resumed_s + await storing.wait_for_all()
                what = f"PostgreSQL {name} for {drill.seconds(short, long):.0f} s, {storing.sent} clicks so far"
                figure = f"stores again after {resumed_s:.1f} s, caught up after {caught_up_s:.1f} s"
                drill.note("13-15", what, figure, "stores within 35 s", resumed_s <= RESUMES_S)
        await storing.wait_for_all()
        assert await storing.count() == storing.sent
        assert await read_metric(storing.services["sink"].private_port, "clickrail_sink_dead_letters_total") == 0
        assert await storing.services["sink"].stop() == 0


async def test_a_full_disk_of_postgresql_stops_the_sink_until_there_is_space(
    storing: Storing, own_settings: LocalSettings, drill: Drill
) -> None:
    disk = own_settings.data / "small"
    with mounted(disk, "size=2m"):
        async with running_pipeline(storing, "sink"):
            await move_today_to(storing, disk)
            async with storing.clicks_arriving(500):
                await eventually(lambda: says_no_space(storing))
                assert await storing.count() < storing.sent
                remount(disk, "size=256m")
                await storing.wait_for_all()
            resumed_s = await storing.wait_for_all()
            assert await storing.count() == storing.sent
            assert await read_metric(storing.services["sink"].private_port, "clickrail_sink_dead_letters_total") == 0
            assert await storing.services["sink"].stop() == 0
        await storing.server.stop()
    what = f"PostgreSQL's disk full, {storing.sent} clicks"
    drill.note("15", what, f"all stored after {resumed_s:.1f} s", "<= 35 s", resumed_s <= RESUMES_S)


async def move_today_to(storing: Storing, disk: Path) -> None:
    """Have the rows of today's clicks on this disk."""
    place, owner = disk / "tablespace", disk.parent.stat()
    place.mkdir()
    os.chown(place, owner.st_uid, owner.st_gid)
    await storing.execute(f"CREATE TABLESPACE small LOCATION '{place}'")
    await storing.execute(f"ALTER TABLE {NAME.format(CLICKS, datetime.now(UTC))} SET TABLESPACE small")


async def says_no_space(storing: Storing) -> bool:
    url = f"http://127.0.0.1:{storing.services['sink'].private_port}/readyz"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status == 503 and "No space left" in await answer.text()
