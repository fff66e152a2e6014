"""Enricher and sink grow from one member to four and shrink again, and one dies: nothing is lost or doubled."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from tests.faults.drill import Drill
from tests.faults.members import MOST_MEMBERS, Members
from tests.faults.oracles import AS_OFTEN, assert_conserved
from tests.faults.visitors import Visitors
from tests.pipeline import running_pipeline

pytestmark = [pytest.mark.servers, pytest.mark.processes]

WAITS_S: Final = 5.0
"""So long may a click wait for a stage whose members change, at most."""
SESSION_S: Final = 10.0
"""So long Kafka waits for a sign of life of a member that died and does not come back."""


@pytest.fixture
def members(tmp_path: Path, kafka: str, database_url: str, valkey: str, topic_prefix: str) -> Members:
    return Members(tmp_path, kafka, database_url, valkey, topic_prefix)


class Changes:
    """Changes of the members, and when each began and ended."""

    def __init__(self, members: Members, drill: Drill) -> None:
        self.times: dict[str, tuple[datetime, datetime]] = {}
        self._members, self._drill = members, drill

    @asynccontextmanager
    async def making(self, what: str, members: int) -> AsyncIterator[None]:
        """Make a change that leaves so many members; it ends when they share the partitions, and a while after.

        What is clicked just before its end is a row before the next change begins, and waits for none of that.
        """
        began = datetime.now(UTC)
        yield
        await self._members.until_shared(members)
        await asyncio.sleep(self._drill.seconds(0.5, 15))
        self.times[what] = began, datetime.now(UTC)
        await asyncio.sleep(self._drill.seconds(1, WAITS_S))

    async def note(self) -> None:
        """Compare how long clicks waited with what is promised."""
        for what, (began, ended) in self.times.items():
            waits = await self._members.measure_waits(began, ended)
            promised_s = WAITS_S + (SESSION_S if "for good" in what else 0)
            figure = (
                f"a click waited {waits.enricher:.1f} s for the enricher and {waits.sink:.1f} s for the sink at most"
            )
            self._drill.note("members", what, figure, f"<= {promised_s:.0f} s", waits.longest <= promised_s)
            assert waits.longest < AS_OFTEN * promised_s, what


async def test_members_that_join_leave_or_die_lose_and_double_nothing_and_keep_clicks_waiting_for_seconds_only(
    members: Members, drill: Drill
) -> None:
    changes = Changes(members, drill)
    async with running_pipeline(members, "ingest", "enricher-1", "sink-1"):
        visitors = Visitors(members)
        async with visitors.visiting(drill.clicks_per_s(300)):
            await change_members(members, changes, drill)
        await assert_conserved(members, visitors)
        await changes.note()
        assert set(visitors.statuses) == {302}


async def change_members(members: Members, changes: Changes, drill: Drill) -> None:
    most = MOST_MEMBERS if drill.long else 2
    async with changes.making("from 1 member to 2", 2):
        await members.join(2)
    if drill.long:
        async with changes.making("from 2 members to 4", 4):
            await members.join(3, 4)
    before = await members.rebalances(1)
    async with changes.making(f"one of {most} members killed, and started again", most):
        await members.die(2)
        await members.join(2)
    rebalances = sum(await members.rebalances(1)) - sum(before)
    drill.note("members", "the same", f"{rebalances:.0f} rebalances of the others", "0", met=rebalances == 0)
    if drill.long:
        async with changes.making(f"one of {most} members killed for good", most - 1):
            await members.die(4)
        async with changes.making("from 3 members to 2", 2):
            await members.leave(3)
    async with changes.making("from 2 members to 1", 1):
        await members.leave(2)
