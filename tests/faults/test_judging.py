"""Redis evicting, full, far away, frozen and killed while an enricher judges clicks: none waits, is lost or doubled."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

import aiohttp
import pytest

from deploy.local.server import running
from deploy.local.settings import LocalSettings
from deploy.local.valkey import plan_valkey
from enricher.settings import DEFAULT_REDIS_DEADLINE_MS
from schemas import CLICKS_DEAD
from tests.faults.drill import Drill
from tests.faults.judging import Clicks, Judged, Judging, find_false_repeats, find_false_uniques, read_judged
from tests.faults.proxy import Proxy
from tests.faults.redis_faults import Faults, is_read
from tests.faults.shop import place_of
from tests.pipeline import running_pipeline
from tests.waiting import eventually

pytestmark = [pytest.mark.servers, pytest.mark.processes]

AS_OFTEN: Final = 10
"""Times longer than promised that a busy machine may take. The drill report compares with the promise."""
PROMISED: Final = DEFAULT_REDIS_DEADLINE_MS / 1000, 500
"""How long a batch waits for Redis, and the clicks a second."""
ON_ANY_MACHINE: Final = AS_OFTEN * DEFAULT_REDIS_DEADLINE_MS / 1000, 100
"""The same for the short form: with other tests beside it no Redis answers a batch within 100 ms, time after time."""


async def test_whatever_redis_does_each_click_is_enriched_once_in_time_and_says_what_was_not_judged(
    own_settings: LocalSettings, tmp_path: Path, kafka: str, topic_prefix: str, drill: Drill
) -> None:
    deadline_s, rate = PROMISED if drill.long else ON_ANY_MACHINE
    async with breakable_redis(own_settings, tmp_path, kafka, topic_prefix, deadline_s, drill) as (judging, faults):
        await faults.evict()
        async with running_pipeline(judging, "enricher"):
            async with Clicks(judging).arriving(rate):
                await run_through(faults, judging, drill)
            await eventually(lambda: is_read(judging, len(judging.sent)))
            counted = {reason: await judging.not_judged(reason) for reason in ("away", "skipped", "refused", "warming")}
            assert await judging.services["enricher"].stop() == 0
        judged = await read_judged(judging)
        assert await judging.values(CLICKS_DEAD) == []

    assert [one.click.click_id for one in judged] == sorted(judging.sent)
    assert list(find_false_uniques(one.click for one in judged)) == []
    assert list(find_false_repeats([one.click for one in judged])) == []
    check_counts(judged, counted)
    phases = {name: within(judged, times) for name, times in faults.times.items()}
    check_statuses(phases)
    note_lateness(drill, phases, deadline_s, rate)


@asynccontextmanager
async def breakable_redis(
    settings: LocalSettings, folder: Path, kafka: str, prefix: str, deadline_s: float, drill: Drill
) -> AsyncIterator[tuple[Judging, Faults]]:
    async with running(plan_valkey(settings)) as server:
        with Proxy(*place_of(server.address)) as proxy:
            judging = Judging(folder, kafka, f"redis://{proxy.address}/0", prefix, deadline_s)
            faults = Faults(judging, server, proxy, drill)
            yield judging, faults
            await faults.close()


async def run_through(faults: Faults, judging: Judging, drill: Drill) -> None:
    """Take Redis through its faults.

    The enricher asks a Redis that does not answer only every 5 s. The short form has one fault that it meets so.
    """
    await eventually(faults.is_evicting)
    await faults.during("evicting", 0.3, await faults.more("warming"))
    assert "allkeys-lru" in str(await find_degraded(judging))
    await faults.clear()
    await faults.during("usual", 1, faults.is_judging)
    await faults.fill()
    await faults.during("full", 0.3, await faults.more("refused"))
    await faults.clear()
    if drill.long:
        await faults.be_far_away()
        await faults.during("far away", 0, await faults.more("away"))
    await faults.freeze()
    await faults.during("frozen", 0.3, await faults.more("away"))
    await faults.kill()
    await faults.during("killed", 0.5)
    # Asked before: it is warm again a second later, and nobody may have looked meanwhile.
    warming = await faults.more("warming")
    await faults.during("empty", 0, warming, begin=faults.start_empty)


async def find_degraded(judging: Judging) -> Any:
    """Give what is reported as wrong with Redis. The enricher is ready whatever happens to Redis."""
    url = f"http://127.0.0.1:{judging.services['enricher'].private_port}/readyz"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.status == 200
        return (await answer.json()).get("degraded", {}).get("redis")


def within(judged: Sequence[Judged], times: tuple[float, float]) -> list[Judged]:
    """Give the clicks that were published and judged in this time."""
    began, ended = times
    return [one for one in judged if began <= one.published_ms and one.enriched_ms <= ended]


def check_counts(judged: Sequence[Judged], counted: dict[str, float]) -> None:
    """Assert that the metrics count exactly the clicks that say so."""
    without = sum(one.click.counts.status == "no_store" for one in judged)
    assert counted["away"] + counted["skipped"] + counted["refused"] == without
    assert counted["warming"] == sum(one.click.unique.status == "warming" for one in judged)
    assert all(counted.values())


def check_statuses(phases: dict[str, list[Judged]]) -> None:
    """Assert what clicks say of their uniqueness. Those with a cookie are judged by it, whatever Redis does."""
    by_cookie = [one.click.unique for phase in phases.values() for one in phase if one.click.cookie_state == "valid"]
    assert {(unique.status, unique.is_unique) for unique in by_cookie} == {("judged", False)}
    found = {
        name: Counter(
            (one.click.unique.status, one.click.unique.is_unique) for one in phase if one.click.cookie_state == "absent"
        )
        for name, phase in phases.items()
    }
    for name in phases.keys() & {"full", "far away", "frozen", "killed"}:
        assert set(found[name]) == {("no_store", None)}, name
    for name in ("evicting", "empty"):
        assert found[name]["warming", True] > 0, name
    assert found["usual"]["judged", True] > 0
    assert found["usual"]["judged", False] > 0


def note_lateness(drill: Drill, phases: dict[str, list[Judged]], deadline_s: float, rate: int) -> None:
    """Compare how long clicks took from topic to topic with what they took while Redis answered."""
    usual_ms = max(one.took_ms for one in phases["usual"])
    for name, phase in phases.items():
        took = sorted(one.took_ms for one in phase)
        what = f"Redis {name}, {rate} clicks/s"
        figure = f"{len(phase)} clicks enriched after {median(took):.0f} ms, the last after {took[-1]} ms"
        limit_ms = usual_ms + deadline_s * 1000
        drill.note(
            "25", what, figure, f"<= {limit_ms:.0f} ms (usual + {deadline_s * 1000:.0f})", met=took[-1] <= limit_ms
        )
        assert took[-1] < AS_OFTEN * limit_ms, name
