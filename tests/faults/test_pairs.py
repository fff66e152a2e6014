"""Two of the six parts fail at overlapping times: no click is lost or doubled, and new ones are soon in the table."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from typing import Final

import pytest

from tests.faults.drill import Drill
from tests.faults.oracles import AS_OFTEN, LANDS_S, RECOVERS_S, assert_bounded, assert_conserved
from tests.faults.pairs import KINDS, PARTS, Case, choose_cases
from tests.faults.parts import Parts, running_parts
from tests.faults.visitors import Visitors
from tests.servers import small_settings
from tests.waiting import eventually

RATE: Final = 300
ALONE_S: Final = 3.0
"""How long each fault lasts without the other."""
TOGETHER_S: Final = 5.0
PROMISED_S: Final = RECOVERS_S + LANDS_S
NEW_S: Final = 1.0
"""The clicks of so long a time after both faults are looked for in the table: they are in every partition."""


@pytest.mark.parametrize("seed", range(5))
def test_each_two_parts_have_a_case_and_every_part_fails_in_every_way(seed: int) -> None:
    cases = choose_cases(seed)
    faults = {fault for case in cases for fault in (case.first, case.second)}

    assert len({frozenset((case.first.part, case.second.part)) for case in cases}) == len(cases) == 15
    assert {(fault.part, fault.kind) for fault in faults} == {(part, kind) for part in PARTS for kind in KINDS}
    assert {(case.first.kind, case.second.kind) for case in cases} == {(one, two) for one in KINDS for two in KINDS}
    assert choose_cases(seed) == cases


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", choose_cases(metafunc.config.getoption("drill_seed")), ids=str)


@pytest.fixture(scope="module")
async def parts(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Parts]:
    """A pipeline for all cases, one after the other: each leaves it whole."""
    folder = tmp_path_factory.mktemp("parts")
    async with running_parts(small_settings(folder / "local"), folder, "pairs.") as parts:
        yield parts


@pytest.fixture(scope="module")
async def visitors(parts: Parts) -> Visitors:
    """The visitors of all cases, so that each case counts the clicks of those before it again."""
    visitors = Visitors(parts.pipeline)
    await visitors.click(200)
    return visitors


@pytest.mark.servers
@pytest.mark.processes
@pytest.mark.usefixtures("only_in_drill")
async def test_two_parts_that_fail_together_lose_and_double_nothing_and_new_clicks_are_soon_in_the_table(
    parts: Parts, visitors: Visitors, drill: Drill, case: Case
) -> None:
    try:
        async with assert_bounded(parts.pipeline):
            ready_s, stored_s = await fail_together(parts, visitors, case)
    finally:
        # Also for the next case, if this one has failed.
        await parts.come_back()
    assert set(visitors.statuses) == {302}
    figure = (
        f"0 of {len(visitors.answered)} so far missing or doubled; all was ready after {ready_s:.1f} s,"
        f" new clicks were stored after {stored_s:.1f} s"
    )
    drill.note("pairs", str(case), figure, f"<= {PROMISED_S:.0f} s", stored_s <= PROMISED_S)


async def fail_together(parts: Parts, visitors: Visitors, case: Case) -> tuple[float, float]:
    """Go through a case under traffic; give the seconds from its end until all was ready, and new clicks were stored.

    Kafka, Redis and Postgres answer by then, and a service has only been started.
    """
    async with visitors.visiting(RATE):
        await parts.fail(case.first)
        await asyncio.sleep(ALONE_S)
        await parts.fail(case.second)
        await asyncio.sleep(TOGETHER_S)
        await parts.come_back(case.first.part)
        await asyncio.sleep(ALONE_S)
        await parts.come_back(case.second.part)
        ready_s, stored_s = await asyncio.gather(
            measure(parts.until_ready()), measure(until_new_clicks_are_stored(parts, visitors))
        )
    await assert_conserved(parts.pipeline, visitors)
    return ready_s, stored_s


async def measure(work: Awaitable[None]) -> float:
    began = time.monotonic()
    await work
    return time.monotonic() - began


async def until_new_clicks_are_stored(parts: Parts, visitors: Visitors) -> None:
    """Wait until the clicks of the next second are stored."""
    before = len(visitors.answered)
    await asyncio.sleep(NEW_S)
    await eventually(lambda: len(visitors.answered) > before)
    new = visitors.answered[before:]

    async def are_stored() -> bool:
        (row,) = await parts.pipeline.rows("SELECT count(*) AS number FROM clicks WHERE click_id = ANY($1)", new)
        return row["number"] == len(new)

    await eventually(are_stored, AS_OFTEN * PROMISED_S)
