"""Asks Kafka every three seconds how far the enricher and the sink are. Keeps a minute of answers, for the rates."""

import asyncio
from collections import deque
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import UTC, datetime
from typing import Final

import structlog
from aiokafka.errors import KafkaError

from console.pipeline.stages import RATE_OVER_S, Measured, StageState, describe_stage, find_oldest
from console.settings import Settings
from runtime.errors import DependencyAway
from runtime.kafka.group_offsets import measure
from runtime.kafka.groups import GroupClient, asking
from runtime.kafka.oldest_record import find_oldest_record
from runtime.kafka.security import read_security
from runtime.outage_log import OutageLog
from schemas.topics import READS

log = structlog.get_logger()

EVERY_S: Final = 3.0
ANSWER_S: Final = 10.0
KEPT: Final = int(RATE_OVER_S / EVERY_S) + 1
UNKNOWN: Final = "Asking Kafka for the first time"


class KafkaWatch:
    """Measures the stages until cancelled. `problem` is null while Kafka answers; then `measured_at` is recent.

    `brokers` is how many Kafka has, when it last answered; 0 before.
    """

    def __init__(self, settings: Settings) -> None:
        self.problem: str | None = UNKNOWN
        self.measured_at: datetime | None = None
        self.brokers = 0
        self._settings = settings
        self._security = read_security(settings)
        self._history: Mapping[str, deque[Measured]] = {stage: deque(maxlen=KEPT) for stage in READS}
        self._outage = OutageLog(log, "lag of the stages is unknown", "lag of the stages is known again")

    async def run(self) -> None:
        while True:
            try:
                async with AsyncExitStack() as stack:
                    async with asyncio.timeout(ANSWER_S):
                        clients = {stage: await stack.enter_async_context(self._ask(stage)) for stage in READS}
                    await self._follow(clients)
            except (KafkaError, OSError, TimeoutError, DependencyAway) as error:
                self.problem = "Kafka does not answer"
                self._outage.fail(repr(error))
            await asyncio.sleep(EVERY_S)

    def describe(self) -> tuple[StageState, ...]:
        """Describe the stages as they were when Kafka last answered; none before."""
        prefix = self._settings.kafka_topic_prefix
        return tuple(describe_stage(tuple(history), prefix) for history in self._history.values() if history)

    def find_oldest(self) -> datetime | None:
        """Give the time of the oldest record that waits for any stage, when Kafka last answered."""
        return find_oldest([history[-1] for history in self._history.values() if history])

    async def measure(self, clients: Mapping[str, GroupClient]) -> None:
        """Ask once, first how far the enricher is: what it writes meanwhile is seen at the sink. Raises KafkaError."""
        prefix, found = self._settings.kafka_topic_prefix, []
        self.brokers = await next(iter(clients.values())).brokers()
        for stage, client in clients.items():
            at = datetime.now(UTC)
            offsets = await measure(client, [prefix + topic for topic in READS[stage]])
            oldest_at = await find_oldest_record(client, offsets, offsets.ends)
            found.append(Measured(at=at, stage=stage, offsets=offsets, oldest_at=oldest_at))
        for one in found:
            self._history[one.stage].append(one)
        self.measured_at, self.problem = found[0].at, None
        self._outage.end()

    async def _follow(self, clients: Mapping[str, GroupClient]) -> None:
        while True:
            async with asyncio.timeout(ANSWER_S):
                await self.measure(clients)
            await asyncio.sleep(EVERY_S)

    def _ask(self, stage: str) -> AbstractAsyncContextManager[GroupClient]:
        settings = self._settings
        group = f"{settings.kafka_topic_prefix}clickrail.{stage}"
        return asking(settings.kafka_bootstrap_servers, group, "clickrail-console-pipeline", self._security)
