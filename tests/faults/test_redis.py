"""Redis away, far away or flapping: a redirect does not depend on it, and waits for it once."""

import asyncio
import time

import pytest

from deploy.local.server import running
from deploy.local.settings import LocalSettings
from deploy.local.valkey import plan_valkey
from tests.faults.drill import Drill
from tests.faults.proxy import Proxy
from tests.faults.shop import place_of
from tests.faults.stores import RATE, Choice, MakeShop, check_answers, is_held, note_p99, open_shop, reads, until_used

pytestmark = [pytest.mark.servers, pytest.mark.processes]


@pytest.mark.parametrize("fault", ["killed", "frozen"])
async def test_redis_away_costs_no_visitor_the_redirect(
    own_settings: LocalSettings, stored_shop: MakeShop, drill: Drill, fault: str
) -> None:
    async with running(plan_valkey(own_settings)) as valkey:
        shop = stored_shop(valkey.address)
        async with open_shop(shop) as clients, clients.visiting(RATE, Choice()):
            await asyncio.sleep(1)
            began = time.monotonic()
            await valkey.kill() if fault == "killed" else valkey.freeze()
            await asyncio.sleep(drill.seconds(2, 60))
            ended = time.monotonic()
            await valkey.start() if fault == "killed" else valkey.thaw()
            seconds = await until_used(shop)
    check_answers(clients.visits)
    first, later = clients.since(began, began + 1), clients.since(began + 1, ended)
    note_p99(drill, "9", f"Redis {fault}, {RATE} visitors/s, in the first second", first, 60)
    note_p99(drill, "9", f"Redis {fault}, after that, codes that are held", filter(is_held, later), 10)
    # These wait for their turn with Postgres, which is asked 50 times a second at most.
    asked = (visit for visit in later if not is_held(visit))
    note_p99(drill, "9", f"Redis {fault}, after that, codes nobody asked for before", asked, 60)
    drill.note("9", f"Redis no longer {fault}", f"used again after {seconds:.1f} s", "", met=None)


async def test_a_redis_far_away_is_given_up_and_asked_once_a_second(
    valkey: str, stored_shop: MakeShop, drill: Drill
) -> None:
    with Proxy(*place_of(valkey)) as proxy:
        shop = stored_shop(f"redis://{proxy.address}/0")
        async with open_shop(shop) as clients, clients.visiting(RATE, Choice()):
            await asyncio.sleep(0.5)
            before, began = await reads(shop, "away"), time.monotonic()
            proxy.latency_s = 0.2
            await asyncio.sleep(drill.seconds(3, 60))
            probes, ended = await reads(shop, "away") - before, time.monotonic()
            proxy.restore()
            await until_used(shop)
    check_answers(clients.visits)
    seconds = ended - began
    note_p99(drill, "10", f"Redis 200 ms away, {RATE} visitors/s", clients.since(began, ended), 60)
    drill.note("10", "the same", f"asked {probes:.0f} times in {seconds:.1f} s", "once a second", probes <= seconds + 2)
    assert 1 <= probes <= seconds + 2


async def test_a_flapping_redis_misleads_and_holds_up_nobody(valkey: str, stored_shop: MakeShop, drill: Drill) -> None:
    with Proxy(*place_of(valkey)) as proxy:
        shop = stored_shop(f"redis://{proxy.address}/0")
        async with open_shop(shop) as clients, clients.visiting(RATE, Choice()):
            began, pause = time.monotonic(), drill.seconds(0.4, 2)
            for number in range(round(drill.seconds(3.6, 60) / pause)):
                await asyncio.sleep(pause)
                (proxy.restore, proxy.cut, proxy.restore, proxy.blackhole, proxy.restore, proxy.reset)[number % 6]()
            ended = time.monotonic()
            proxy.restore()
            await until_used(shop)
    check_answers(clients.visits)
    note_p99(drill, "10", f"Redis cut off, silent and reset every {pause} s", clients.since(began, ended), 60)
