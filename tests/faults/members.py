"""A pipeline whose enricher and sink may have four members each, and how long clicks waited for them."""

import asyncio
import signal
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from deploy.local.ports import free_port
from runtime.kafka.groups import asking
from tests.faults.shop import read_metric
from tests.pipeline import Pipeline, Service
from tests.waiting import eventually

STAGES: Final = ("enricher", "sink")
MOST_MEMBERS: Final = 4
WAITS: Final = """
    SELECT extract(epoch FROM max(enriched_at - published_at))::float AS enricher,
           extract(epoch FROM max(stored_at - enriched_at))::float AS sink
    FROM clicks WHERE clicked_at BETWEEN $1 AND $2
"""


class Waits(msgspec.Struct, frozen=True):
    """The longest that a click waited for each stage, in seconds."""

    enricher: float
    sink: float

    @property
    def longest(self) -> float:
        return max(self.enricher, self.sink)


class Members(Pipeline):
    """Has the services `ingest`, `enricher-1` to `enricher-4` and `sink-1` to `sink-4`, which are static members."""

    most_partitions = 12

    def __init__(self, folder: Path, kafka: str, database_url: str, redis_url: str, prefix: str) -> None:
        super().__init__(folder, kafka, database_url, redis_url, prefix)
        names = [f"{stage}-{number}" for number in range(1, MOST_MEMBERS + 1) for stage in STAGES]
        self.services = {"ingest": self.services["ingest"]} | {name: self._make(name) for name in names}

    async def join(self, *numbers: int) -> None:
        """Start these members of both stages."""
        await asyncio.gather(*(service.start() for service in self.of(*numbers)))

    async def leave(self, *numbers: int) -> None:
        """Stop these members of both stages in order."""
        assert await asyncio.gather(*(service.stop() for service in self.of(*numbers))) == [0] * 2 * len(numbers)

    async def die(self, *numbers: int) -> None:
        """End these members of both stages as a crash would."""
        for service in self.of(*numbers):
            service.send(signal.SIGKILL)
            await service.stop()

    async def until_shared(self, members: int) -> None:
        """Wait until both groups have so many members, and these all partitions."""
        await asyncio.gather(*(self._until_shared(stage, members) for stage in STAGES))

    async def _until_shared(self, stage: str, members: int) -> None:
        async with asking([self.kafka], f"{self.prefix}clickrail.{stage}", "test") as kafka:

            async def is_shared() -> bool:
                group = await kafka.group()
                return group.members == members and bool(group.assigned)

            await eventually(is_shared)

    async def rebalances(self, number: int) -> list[float]:
        """Give how often each of this member's groups has divided its partitions again."""
        return [
            await read_metric(service.private_port, f"clickrail_{service.name}_rebalance_seconds_count")
            for service in self.of(number)
        ]

    async def measure_waits(self, began: datetime, ended: datetime) -> Waits:
        (row,) = await self.rows(WAITS, began, ended)
        return Waits(row["enricher"], row["sink"])

    def of(self, *numbers: int) -> Sequence[Service]:
        return [self.services[f"{stage}-{number}"] for number in numbers for stage in STAGES]

    def _make(self, name: str) -> Service:
        stage = name.partition("-")[0]
        variables = {"PRIVATE_PORT": str(free_port()), "GROUP_INSTANCE_ID": name}
        own = {f"CLICKRAIL_{stage.upper()}_{variable}": text for variable, text in variables.items()}
        return Service(stage, self.environ | own, self.folder / f"{name}.log")
