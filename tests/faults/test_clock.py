"""The wall clock set a day ahead and back again: ids stay unique, cookies sane, limits what they were, clicks kept."""

import time
from pathlib import Path

import aiohttp
import pytest

from identity.cookie import CookieKeys
from identity.keyfile import read_ring
from schemas import CLICKS_RAW
from tests.faults.drill import Drill
from tests.faults.many_clients import ManyClients, Visit, click_id, open_session
from tests.faults.oracles import read_stored_ids
from tests.faults.preload import Faults
from tests.faults.shop import Shop
from tests.pipeline import decoded, eventually, running_pipeline

pytestmark = [pytest.mark.servers, pytest.mark.processes]

DAY_S = 86_400
SEVERAL = 200
BURST = 5


@pytest.fixture
def shop(tmp_path: Path, kafka: str, database_url: str, valkey: str, topic_prefix: str) -> Shop:
    return Shop(tmp_path, kafka, database_url, valkey, topic_prefix)


@pytest.fixture
def faults(tmp_path: Path) -> Faults:
    return Faults(tmp_path)


async def test_no_click_is_lost_or_doubled_by_a_clock_that_jumps_a_day_ahead_and_back(
    shop: Shop, faults: Faults, drill: Drill
) -> None:
    # Only ingest's clock: the others judge its times by theirs. What is a whole day ahead is on the edge of belief.
    jumps = (0, DAY_S, 0, -DAY_S, 0, DAY_S - 3600, 0)
    shop.environ |= faults.environ
    answered: list[str] = []
    async with running_pipeline(shop):
        keys = CookieKeys(read_ring(shop.folder / "keys.json"))
        for _ in range(10 if drill.long else 1):
            for seconds in jumps:
                faults.set_clock(seconds)
                visits = await ManyClients(shop).visit_all(f"c{n % shop.codes}" for n in range(SEVERAL))
                assert [visit for visit in visits if not visit.is_right] == []
                answered += [click_id(keys, visit, int(time.time()) + seconds) for visit in visits]
        ids = await eventually(lambda: all_stored(shop, len(answered)))
    assert len(set(answered)) == len(answered)
    assert sorted(ids) == sorted(answered)
    what = f"ingest's clock a day ahead and back, {len(answered)} clicks"
    drill.note("20", what, "each id once, stored or dead-lettered, as answered", "O1, O2 exact", met=True)


async def all_stored(shop: Shop, clicks: int) -> list[str]:
    ids = await read_stored_ids(shop)
    return ids if len(ids) >= clicks else []


async def test_a_cookie_from_the_future_is_refused_and_a_new_one_is_set(
    shop: Shop, faults: Faults, drill: Drill
) -> None:
    shop.environ |= faults.environ
    async with running_pipeline(shop, "ingest"), open_session() as browser:
        faults.set_clock(DAY_S)
        future = await visit_with(shop, browser, None)
        faults.set_clock(0)
        now = await visit_with(shop, browser, future)
        later = await visit_with(shop, browser, now)
        faults.set_clock(DAY_S)
        again = await visit_with(shop, browser, future)
        faults.set_clock(31 * DAY_S)
        expired = await visit_with(shop, browser, now)
        keys = CookieKeys(read_ring(shop.folder / "keys.json"))
        await eventually(lambda: all_raw(shop, 5))
        previous = {str(click["click_id"]): click.get("previous_click_id") for click in await all_raw(shop, 5)}
    begun = int(time.time())
    ids = [click_id(keys, visit, begun + seconds) for visit, seconds in ((future, DAY_S), (now, 0), (later, 0))]
    ids += [click_id(keys, again, begun + DAY_S), click_id(keys, expired, begun + 31 * DAY_S)]
    assert [previous[each] for each in ids] == [None, None, ids[1], ids[0], None]
    told = "refused, and a new one set; believed again when its time had come"
    drill.note("20", "a cookie of a day ahead shown after the clock was set back", told, "refused", met=True)


async def test_limits_do_not_heed_the_wall_clock(shop: Shop, faults: Faults, drill: Drill) -> None:
    shop.environ |= faults.environ | {
        "CLICKRAIL_INGEST_CLIENT_RATE_PER_S": "0.01",
        "CLICKRAIL_INGEST_CLIENT_BURST": str(BURST),
    }
    async with running_pipeline(shop, "ingest"):
        clients = ManyClients(shop)
        for seconds in (0, DAY_S, -DAY_S, 0):
            faults.set_clock(seconds)
            await clients.visit_all(["c1"] * BURST)
        clicks = await eventually(lambda: all_raw(shop, len(clients.visits)))
        within = sum(click.get("limit") is None for click in clicks)
    assert within == BURST
    drill.note(
        "20", f"a client's limit of {BURST}, the clock a day ahead and back", f"{within} within", f"{BURST}", met=True
    )


async def visit_with(shop: Shop, browser: aiohttp.ClientSession, before: Visit | None) -> Visit:
    cookie = before.set_cookie.partition(";")[0] if before and before.set_cookie else None
    return await ManyClients(shop).visit(browser, "c1", cookie=cookie)


async def all_raw(shop: Shop, clicks: int) -> list[dict[str, object]]:
    found = decoded(await shop.values(CLICKS_RAW))
    return found if len(found) >= clicks else []
