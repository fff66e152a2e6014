"""Through PgBouncer, in both of its modes, everything works that works without: no setting says that it is there."""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from prometheus_client import CollectorRegistry

from cli.tables import apply_migrations
from console.clicks.past_clicks import read_past_clicks
from console.database import DatabaseAway, open_database
from referrals.admin import repository
from referrals.connections import connected as connected_for_referrals
from referrals.lookup.answers import Found, Unknown
from referrals.lookup.factory import LookupSettings, open_lookup
from referrals.metrics import LookupMetrics
from referrals.model import Affiliate, Program, ReferralCode
from runtime.errors import Stuck
from runtime.postgres import Session, connected, is_pooled
from runtime.secret import Secret
from storage.export.plan import FORMATS, ExportPlan
from storage.export.run import Export, run_export
from storage.jobs import PartitionJob
from storage.read.click_filters import ClickFilters
from storage.read.queries import Connection, recent_clicks, time_limit
from tests.console.clicks.choosing import choose
from tests.pooler import Mode, needs_pgbouncer, own_database, pooled
from tests.referrals.builders import PATIENT
from tests.sink.builders import NOW, click, clicked, rejected
from tests.storage.export.test_run import Heard
from tests.storage.test_writer import count, make_writer, rows_of
from tests.waiting import eventually

pytestmark = [pytest.mark.servers, needs_pgbouncer]

SESSION = Session(application="test", connect_s=10, statement_s=10, server_s=7, read_only=True)


@pytest.fixture(params=["session", "transaction"])
async def url(request: pytest.FixtureRequest, postgres: str, tmp_path: Path) -> AsyncIterator[str]:
    mode = cast("Mode", request.param)
    async with own_database(postgres) as direct, pooled(direct, tmp_path / "pgbouncer", mode) as through:
        await apply_migrations(through)
        yield through


async def test_a_connection_is_found_to_be_pooled_and_each_statement_has_its_session(url: str) -> None:
    async with connected(url, SESSION) as connection:
        assert is_pooled(connection)
        for _ in range(10):
            assert await connection.fetchval("SELECT current_setting('statement_timeout')") == "7s"
            assert await connection.fetchval("SELECT current_setting('transaction_read_only')") == "on"
            assert await connection.fetchval("SELECT $1::int + $2", 2, 3) == 5


async def test_migrations_are_applied_once_by_two_at_the_same_time(url: str) -> None:
    assert await asyncio.gather(apply_migrations(url), apply_migrations(url)) == [[], []]


async def test_an_export_is_streamed_through_it(url: str, tmp_path: Path) -> None:
    clicks = ExportPlan(kind="clicks", filters=ClickFilters(code="a'b"))
    async with connected(url, SESSION) as connection:
        for form in FORMATS:
            export = Export(clicks, form, tmp_path / form)
            assert await run_export(connection, export, [NOW.date()] * 3, sys.stdout.buffer, Heard()) == 0
        left = await connection.fetchval("SELECT count(*) FROM pg_prepared_statements")

    assert (tmp_path / "csv").read_bytes().startswith(b"click_id,")
    assert left == 0


async def test_clicks_are_stored_once_and_bad_ones_come_back(url: str) -> None:
    writers = [make_writer(url), make_writer(url)]
    good = [*map(click, range(300))]
    good[77] = click(77, sub1="a\0b")
    rows = rows_of([*clicked(*good), rejected()])

    for _ in range(2):
        bad = await asyncio.gather(*(writer.write(rows) for writer in writers))
        assert [[one.row.source.offset for one in of_one] for of_one in bad] == [[77], [77]]
    await PartitionJob(Secret(url), 2, lambda _: None, (NOW + timedelta(days=3)).date).make()
    for writer in writers:
        await writer.close()

    assert (await count(url), await count(url, "rejected_clicks")) == (299, 1)


async def test_the_console_reads_and_cannot_write(url: str) -> None:
    writer = make_writer(url)
    await writer.write(rows_of(clicked(click(1))))
    await writer.close()

    async with open_database(Secret(url)) as database:
        pages = [database.read(lambda reader: recent_clicks(reader, ClickFilters(code=None), 10)) for _ in range(20)]
        assert [len(found) for found in await asyncio.gather(*pages)] == [1] * 20
        with pytest.raises(DatabaseAway):
            await database.read(lambda reader: reader.fetch("DELETE FROM clicks"))
        with pytest.raises(DatabaseAway, match="too long"):
            await database.read(lambda reader: reader.fetch("SELECT pg_sleep(60)"))
        assert await database.read(lambda reader: reader.fetchval("SELECT 1")) == 1


async def test_the_console_searches_and_is_held_to_the_time_limit_of_a_window(url: str) -> None:
    writer = make_writer(url)
    await writer.write(rows_of(clicked(click(1))))
    await writer.close()

    async def ask_within_a_limit(connection: Connection, question: str) -> None:
        async with time_limit(connection, 0.2):
            await connection.fetch(question)

    async with open_database(Secret(url)) as database:
        for code, found in (("nothing", 0), (click(1).code, 1)):
            search = [database.read(lambda c, code=code: read_past_clicks(c, choose(code=code), 10)) for _ in range(9)]
            assert [len(past.lines) for past in await asyncio.gather(*search)] == [found] * 9
        with pytest.raises(DatabaseAway, match="too long"):
            await database.read(lambda connection: ask_within_a_limit(connection, "SELECT pg_sleep(60)"))
        with pytest.raises(DatabaseAway):
            await database.read(lambda connection: ask_within_a_limit(connection, "DELETE FROM clicks"))


async def test_codes_are_looked_up_and_a_change_is_in_force_soon(url: str) -> None:
    async with connected_for_referrals(url) as connection:
        await repository.add(connection, Program(id="p", name="P", status="active", target_url="https://s.example/"))
        await repository.add(connection, Affiliate(id="a", name="A", status="active"))
        await repository.add(connection, ReferralCode(code="abc", affiliate_id="a", program_id="p", status="active"))
        settings = LookupSettings(database_url=url, **PATIENT)
        async with open_lookup(settings, LookupMetrics(CollectorRegistry())) as lookup:
            assert isinstance(await lookup.find("abc"), Found)
            assert isinstance(await lookup.find("xyz"), Unknown)
            await repository.change(connection, "code", "abc", {"status": "paused"})

            async def is_paused() -> bool:
                found = await lookup.find("abc")
                return isinstance(found, Found) and found.inactive_kind == "code"

            await eventually(is_paused)


async def test_an_option_that_it_does_not_pass_on_is_one_clear_error(url: str) -> None:
    with pytest.raises(Stuck, match=r"a pooler \(PgBouncer\) .* ignore_startup_parameters .*search_path"):
        async with connected(f"{url}?search_path=other", SESSION):
            pass
