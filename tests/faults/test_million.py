"""A million codes: what they cost one ingest in memory."""

from pathlib import Path

import pytest

from deploy.local.postgres import plan_postgres
from deploy.local.server import running
from deploy.local.settings import LocalSettings
from tests.faults.drill import Drill
from tests.faults.load_burst import run_burst
from tests.faults.shop import Shop, private_mib
from tests.pipeline import eventually, running_pipeline

pytestmark = [pytest.mark.servers, pytest.mark.processes]

CODES = 1_000_000
AFFILIATES = 50_000
VISITED = 100_000
RATE = 2_000
MOST_MIB = 150


@pytest.mark.usefixtures("only_in_drill")
async def test_a_million_codes_of_which_a_hundred_thousand_are_visited_fit_into_150_mib(
    tmp_path: Path, own_settings: LocalSettings, kafka: str, valkey: str, topic_prefix: str, drill: Drill
) -> None:
    async with running(await plan_postgres(own_settings)) as postgres:
        shop = Shop(tmp_path, kafka, postgres.address, valkey, topic_prefix)
        shop.codes, shop.affiliates = CODES, AFFILIATES
        async with running_pipeline(shop, "ingest"):
            await eventually(lambda: knows_all(shop))
            begun = private_mib(shop.pid)
            visits = await run_burst("visit", shop.port, VISITED / RATE, RATE, CODES)
            visited = private_mib(shop.pid)
    assert (visits.wrong, set(visits.statuses)) == (0, {302})
    what = f"one ingest, {CODES:,} codes of {AFFILIATES:,} affiliates known"
    drill.note("lookup", what, f"{begun:.0f} MiB of private memory", f"<= {MOST_MIB} MiB", begun <= MOST_MIB)
    what = f"and {VISITED:,} of them visited, {RATE:,} a second"
    drill.note("lookup", what, f"{visited:.0f} MiB of private memory", f"<= {MOST_MIB} MiB", visited <= MOST_MIB)
    assert visited <= MOST_MIB


async def knows_all(shop: Shop) -> bool:
    return await shop.metric("clickrail_snapshot_codes") == shop.codes
