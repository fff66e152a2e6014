"""Checks the lag: how many records in Kafka wait for the enricher and the sink."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from cli.offsets import read_lag
from cli.status.finding import Finding
from cli.status.scope import Scope
from runtime.kafka.security import KafkaSecurity, read_security
from runtime.kafka.settings import KafkaSettings
from runtime.settings import load

TIMEOUT_S: Final = 10.0
RETRY_S: Final = 0.5


async def check_lag(stage: str, scope: Scope) -> Finding | None:
    """Check how many records wait for a stage; null if Kafka does not answer, which another check reports."""
    from aiokafka.errors import KafkaError

    from runtime.errors import SettingsError

    given = {name: text for name, text in scope.environ.items() if name.startswith("CLICKRAIL_KAFKA_")}
    try:
        settings = load(KafkaSettings, given)
        async with asyncio.timeout(TIMEOUT_S):
            lines = await ask_lag(stage, settings, read_security(settings))
    except (SettingsError, KafkaError, OSError, TimeoutError):
        return None
    return describe_lag(stage, lines, left_out=stage in scope.left_out)


async def ask_lag(stage: str, settings: KafkaSettings, security: KafkaSecurity) -> list[dict[str, Any]]:
    """Read the offsets from Kafka. Raises KafkaError."""
    from aiokafka.errors import GroupCoordinatorNotAvailableError

    from runtime.kafka.groups import asking

    prefix, servers = settings.kafka_topic_prefix, settings.kafka_bootstrap_servers
    while True:
        try:
            async with asking(servers, f"{prefix}clickrail.{stage}", "clickrail-status", security) as client:
                return await read_lag(stage, prefix, client)
        except GroupCoordinatorNotAvailableError:
            # A new cluster creates its topic of offsets when the first group asks for it.
            await asyncio.sleep(RETRY_S)


def describe_lag(stage: str, lines: list[dict[str, Any]], *, left_out: bool = False) -> Finding | None:
    """Describe what `read_lag` returned; null if the topics do not exist yet."""
    if not lines:
        return None
    what, topics = f"lag of the {stage}", count_by_topic(lines)
    waiting = sum(topics.values())
    if not waiting:
        return Finding(what, "none")
    state = f"{waiting:,} {'record' if waiting == 1 else 'records'}"
    where = ", ".join(f"{behind:,} of {topic}" for topic, behind in topics.items() if behind)
    if lines[0]["members"] or left_out:
        remedy = (
            f"look again: nothing to do if it shrinks. If it grows, look at the log of the {stage}, or add a process"
        )
        return Finding(what, state, remedy=f"start the {stage}" if left_out else remedy)
    return Finding(what, state, f"no process reads them ({where})", f"start the {stage}: it continues where it stopped")


def count_by_topic(lines: list[dict[str, Any]]) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for line in lines:
        counts[line["topic"]] = counts.get(line["topic"], 0) + line["lag"]
    return counts
