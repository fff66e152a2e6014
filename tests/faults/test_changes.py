"""A change, by whoever it is made, is in force within a second: also when the line to Postgres broke just then."""

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import asyncpg
import msgspec
import pytest

from identity.cache_mac import CacheMac
from identity.keyfile import read_ring
from referrals.admin.repository import change
from referrals.lookup.answers import Found
from referrals.lookup.factory import LookupSettings, open_lookup
from referrals.metrics import LookupMetrics
from tests.faults.drill import Drill
from tests.faults.many_clients import ManyClients, open_session
from tests.faults.oracles import AS_OFTEN
from tests.faults.proxy import Proxy
from tests.faults.shop import Shop, place_of
from tests.pipeline import eventually, running_pipeline
from tests.referrals.builders import PATIENT
from tests.referrals.lookup.looking_up import BREAK_LINES

pytestmark = [pytest.mark.servers, pytest.mark.processes]

IN_FORCE_S = 1.0
NOWHERE = "postgresql://nobody@127.0.0.1:1/none"
COMMAND = "from cli.main import main; main()"
SET_STATUS = "UPDATE referral_codes SET status = $2 WHERE code = $1"


class Hands(msgspec.Struct, frozen=True):
    """Whoever changes a code, in one of several ways."""

    connection: asyncpg.Connection
    database_url: str

    async def sql(self, code: str, status: str) -> None:
        await self.connection.execute(SET_STATUS, code, status)

    async def sql_while_the_line_breaks(self, code: str, status: str) -> None:
        async with self.connection.transaction():
            await self.connection.execute(SET_STATUS, code, status)
            await self.connection.execute(BREAK_LINES)

    async def administration(self, code: str, status: str) -> None:
        await change(self.connection, "code", code, {"status": status})

    async def command(self, code: str, status: str) -> None:
        verb = "resume" if status == "active" else "pause"
        arguments = ("-c", COMMAND, "code", verb, code, "--database-url", self.database_url)
        process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.DEVNULL)
        assert await process.wait() == 0


@pytest.fixture
def shop(tmp_path: Path, kafka: str, database_url: str, valkey: str, topic_prefix: str) -> Shop:
    return Shop(tmp_path, kafka, database_url, valkey, topic_prefix)


@pytest.fixture
async def hands(database_url: str) -> AsyncIterator[Hands]:
    connection = await asyncpg.connect(database_url)
    yield Hands(connection, database_url)
    await connection.close()


async def counts_clicks(clients: ManyClients, code: str) -> bool:
    """Whether a visit of this code is a click: one of a paused code sets no cookie."""
    (visit,) = await clients.visit_all([code])
    assert visit.is_right
    return visit.set_cookie is not None


async def seconds_until(clients: ManyClients, code: str, *, active: bool) -> float:
    began = time.monotonic()
    while await counts_clicks(clients, code) is not active:
        assert time.monotonic() - began < AS_OFTEN * IN_FORCE_S, "a change is not in force"
        await asyncio.sleep(0.005)
    return time.monotonic() - began


def through(proxy: Proxy, database_url: str) -> str:
    """Give the address of a database by way of a proxy."""
    host, port = place_of(database_url)
    return database_url.replace(f"@{host}:{port}/", f"@{proxy.address}/")


async def follows(shop: Shop) -> bool:
    return await shop.metric("clickrail_lookup_following") == 1


@pytest.mark.parametrize("way", ["sql", "sql_while_the_line_breaks", "administration", "command"])
async def test_a_change_is_in_force_within_a_second(shop: Shop, hands: Hands, drill: Drill, way: str) -> None:
    took = []
    async with running_pipeline(shop, "ingest"):
        clients = ManyClients(shop)
        await eventually(lambda: counts_clicks(clients, "c7"))
        await eventually(lambda: follows(shop))
        for number in range(20 if drill.long else 4):
            await getattr(hands, way)("c7", "active" if number % 2 else "paused")
            took.append(await seconds_until(clients, "c7", active=bool(number % 2)))
    what = f"a code paused and resumed by {way.replace('_', ' ')}, {len(took)} times"
    drill.note("lookup", what, f"in force after {max(took):.2f} s at most", "<= 1 s", max(took) <= IN_FORCE_S)


@pytest.mark.parametrize("fault", ["cut", "blackhole", "reset"])
async def test_a_change_made_while_the_line_to_postgres_is_broken_is_in_force_a_second_after_it_is_mended(
    shop: Shop, hands: Hands, drill: Drill, fault: str
) -> None:
    took = []
    with Proxy(*place_of(shop.database_url)) as proxy:
        shop.environ["CLICKRAIL_DATABASE_URL"] = through(proxy, shop.database_url)
        async with running_pipeline(shop, "ingest"):
            clients = ManyClients(shop)
            await eventually(lambda: counts_clicks(clients, "c7"))
            await eventually(lambda: follows(shop))
            for number in range(10 if drill.long else 2):
                getattr(proxy, fault)()
                await hands.sql("c7", "active" if number % 2 else "paused")
                await asyncio.sleep(0 if fault == "reset" else drill.seconds(0.5, 5))
                proxy.restore()
                took.append(await seconds_until(clients, "c7", active=bool(number % 2)))
                # A line that is lost again and again is tried more and more seldom.
                await asyncio.sleep(drill.seconds(0, 1.5))
    what = f"a code changed while the line to Postgres was broken ({fault}), {len(took)} times"
    drill.note("lookup", what, f"in force {max(took):.2f} s after its end at most", "<= 1 s", max(took) <= IN_FORCE_S)


async def test_a_slow_reader_that_races_with_a_change_brings_nothing_old_back(
    shop: Shop, valkey: str, hands: Hands, drill: Drill
) -> None:
    shop.codes = raced = 400 if drill.long else 60
    codes = [f"c{number}" for number in range(raced)]
    shop.keep_no_snapshot()
    chance = random.Random(1)
    with Proxy(*place_of(shop.database_url)) as proxy:
        shop.environ["CLICKRAIL_DATABASE_URL"] = through(proxy, shop.database_url)
        async with running_pipeline(shop, "ingest"):
            await eventually(lambda: follows(shop))
            clients = ManyClients(shop)
            async with open_session() as browser:
                for code in codes:
                    # What is on its way by now stays so for as long as that; what is sent later overtakes it.
                    proxy.latency_s = 0.04
                    visit = asyncio.create_task(clients.visit(browser, code))
                    await asyncio.sleep(chance.uniform(0.03, 0.07))
                    proxy.latency_s = 0.0
                    await hands.sql(code, "paused")
                    await visit
            in_force_s = await seconds_until_none_counts(clients, codes)
            later = [visit for _ in range(3) for visit in await clients.visit_all(codes)]
            # Another process, without Postgres, has nothing but what this one put into Redis.
            await eventually(lambda: tells_nothing_old(shop, valkey, codes))
    first = clients.visits[:raced]
    # A reading that took too long is none: then nobody can say.
    assert [visit for visit in (*first, *later) if not visit.is_right and visit.status != 503] == []
    assert [visit.code for visit in later if visit.set_cookie] == []
    seen = sum(visit.set_cookie is not None for visit in first)
    told = f"{seen} readers saw it active, nobody after {in_force_s:.2f} s, nobody by way of Redis"
    what = f"{raced} codes paused while a slow reader was on its way"
    drill.note("lookup", what, told, "nothing old, <= 1 s", met=in_force_s <= IN_FORCE_S)
    assert 0 < seen < raced


async def seconds_until_none_counts(clients: ManyClients, codes: Sequence[str]) -> float:
    began = time.monotonic()
    while any(visit.set_cookie for visit in await clients.visit_all(codes)):
        assert time.monotonic() - began < AS_OFTEN * IN_FORCE_S, "a change is not in force"
    return time.monotonic() - began


async def tells_nothing_old(shop: Shop, valkey: str, codes: Sequence[str]) -> bool:
    """Whether a process without Postgres finds more than half of the codes, each of them paused."""
    signer = CacheMac(read_ring(shop.folder / "keys.json"))
    settings = LookupSettings(
        database_url=NOWHERE, redis_url=valkey, get_signer=lambda: signer, redis_prefix=shop.prefix, **PATIENT
    )
    async with open_lookup(settings, LookupMetrics()) as lookup:
        answers = [await lookup.find(code) for code in codes]
    passed_on = [answer for answer in answers if isinstance(answer, Found)]
    return {answer.inactive_kind for answer in passed_on} == {"code"} and len(passed_on) > len(codes) / 2
