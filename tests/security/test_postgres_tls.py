"""PostgreSQL over TLS: who does not verify is away, and no click pays for it."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from runtime.postgres import PostgresAway, Session, connected
from runtime.secret import Secret
from tests.security.guarded_postgres import GuardedPostgres, guarded_postgres
from tests.sink.builders import click, clicked
from tests.sink.test_service import prepared, sinks, write
from tests.storage.test_writer import count
from tests.waiting import eventually

pytestmark = pytest.mark.servers

SESSION = Session(application="test", connect_s=20, statement_s=20)


@pytest.fixture
async def guarded(database_url: str, tmp_path: Path) -> AsyncIterator[GuardedPostgres]:
    async with guarded_postgres(database_url, tmp_path) as server:
        yield server


@pytest.mark.parametrize("mode", ["verify-full", "verify-ca", "require"])
async def test_whose_certificate_verifies_is_spoken_to(mode: str, guarded: GuardedPostgres) -> None:
    async with connected(guarded.url(guarded.authority, mode), SESSION) as connection:
        assert await connection.fetchval("SELECT 1") == 1


@pytest.mark.parametrize(
    ("authority", "host"), [("stranger", "127.0.0.1"), ("authority", "localhost")], ids=["authority", "name"]
)
async def test_whose_certificate_does_not_verify_is_away(authority: str, host: str, guarded: GuardedPostgres) -> None:
    url = guarded.url(getattr(guarded, authority), host=host)
    with pytest.raises(PostgresAway, match="its certificate does not verify"):
        async with connected(url, SESSION):
            pass


async def test_a_certificate_that_was_replaced_is_used_by_the_next_connection(
    guarded: GuardedPostgres, tmp_path: Path
) -> None:
    trusted = tmp_path / "trusted.crt"
    shutil.copy(guarded.stranger, trusted)
    url = guarded.url(trusted)
    with pytest.raises(PostgresAway, match="its certificate does not verify"):
        async with connected(url, SESSION):
            pass
    shutil.copy(guarded.authority, trusted)
    async with connected(url, SESSION) as connection:
        assert await connection.fetchval("SELECT 1") == 1


async def test_a_server_that_speaks_no_tls_is_away(postgres: str, guarded: GuardedPostgres) -> None:
    with pytest.raises(PostgresAway, match="rejected SSL upgrade"):
        async with connected(f"{postgres}?sslmode=verify-full&sslrootcert={guarded.authority}", SESSION):
            pass


@pytest.mark.parametrize("wrong", ["certificate", "password", "database"])
async def test_with_a_wrong_url_no_click_becomes_a_dead_letter_and_none_is_passed_over(
    wrong: str, guarded: GuardedPostgres, kafka: str, topic_prefix: str
) -> None:
    url = guarded.url(guarded.authority)
    wrong_url = {
        "certificate": guarded.url(guarded.stranger),
        "password": url.replace("clickrail:", "clickrail:wrong", 1),
        "database": url.replace("/clickrail?", "/nowhere?"),
    }[wrong]
    settings = await prepared(kafka, url, topic_prefix)
    await write(settings, [record.value for record in clicked(*map(click, range(20)))])

    async with sinks(msgspec.structs.replace(settings, database_url=Secret(wrong_url)), 1) as (sink,):
        async with sink.consuming(sink.store):
            # Twice: what is away is asked again, with the same records.
            await eventually(lambda: sink.given.count(0) >= 2)
        (dead,) = sink.env.metrics.dead.collect()
        letters = sum(sample.value for sample in dead.samples if sample.name.endswith("_total"))
        assert (sink.done(), letters) == (0, 0)
    async with sinks(settings, 1) as (sink,), sink.consuming(sink.store):
        await eventually(lambda: sink.done() == 20)

    assert await count(url) == 20
