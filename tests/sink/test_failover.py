"""A database that goes back in time, as after a failover to a copy that lagged, or a restored backup."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.postgres import plan_postgres
from deploy.local.server import Server, running
from deploy.local.settings import LocalSettings
from sink.settings import Settings
from tests.sink.builders import click, clicked
from tests.sink.test_service import Sink, prepared, sinks, write
from tests.storage.test_writer import count
from tests.waiting import eventually

pytestmark = [pytest.mark.servers, pytest.mark.slow]


class Database:
    """A PostgreSQL of the test's own, and a copy of what it held once."""

    def __init__(self, server: Server, folder: Path) -> None:
        self._server = server
        self._data, self._copy = folder / "postgres" / "data", folder / "copy"

    async def copy(self) -> None:
        await self._server.stop()
        # Ownership counts: PostgreSQL refuses a folder of another account.
        shutil.copytree(self._data, self._copy, copy_function=shutil.copy2)
        owner = self._data.stat()
        for path in [self._copy, *self._copy.rglob("*")]:
            shutil.chown(path, owner.st_uid, owner.st_gid)
        await self._server.start()

    async def fail_over(self) -> None:
        await self._server.kill()
        shutil.rmtree(self._data)
        self._copy.rename(self._data)
        await self._server.start()


@pytest.fixture
async def server(own_settings: LocalSettings) -> AsyncIterator[Server]:
    async with running(await plan_postgres(own_settings)) as server:
        yield server


@pytest.fixture
async def settings(kafka: str, server: Server, topic_prefix: str) -> Settings:
    return await prepared(kafka, server.address, topic_prefix)


def values(first: int, last: int) -> list[bytes]:
    return [record.value for record in clicked(*map(click, range(first, last)))]


@pytest.mark.parametrize("is_restarted", [False, True])
async def test_a_sink_reads_again_what_a_copy_of_the_database_had_not_got(
    settings: Settings, server: Server, own_settings: LocalSettings, *, is_restarted: bool
) -> None:
    database = Database(server, own_settings.data)
    async with sinks(settings, 2) as (first, second):
        async with first.consuming(first.store):
            await store(first, settings, values(0, 50), 50)
            await database.copy()
            await store(first, settings, values(50, 120), 120)
            if not is_restarted:
                await go_on_with_the_copy(first, database, settings)
        if is_restarted:
            async with second.consuming(second.store):
                await go_on_with_the_copy(second, database, settings)
    assert await count(server.address) == 130


async def store(sink: Sink, settings: Settings, records: list[bytes], in_all: int) -> None:
    await write(settings, records)
    await eventually(lambda: sink.done() == in_all)


async def go_on_with_the_copy(sink: Sink, database: Database, settings: Settings) -> None:
    before = sink.done() or 0
    await database.fail_over()
    assert await count(settings.database_url.reveal()) == 50
    await write(settings, values(120, 130))
    await eventually(lambda: sink.done() == before + 80)
    assert sink.env.registry.get_sample_value("clickrail_sink_records_read_again_total") == 70
