"""What tests ask of a lookup on real servers."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from referrals.lookup.answers import Answer, Found
from referrals.lookup.lookup import Lookup
from referrals.metrics import LookupMetrics

BREAK_LINES: Final = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'clickrail referrals' AND pid <> pg_backend_pid()
"""
"""Ends each connection of a lookup to the database."""


async def is_followed(lookup: Lookup) -> bool:
    return lookup.subscriber.is_following


def answer_of(answer: Answer) -> tuple[str, str] | Answer:
    return (answer.layer, answer.inactive_kind or "active") if isinstance(answer, Found) else answer


@asynccontextmanager
async def silent_server() -> AsyncIterator[int]:
    """A port that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(100)
        yield listener.getsockname()[1]


def metric(metrics: LookupMetrics, store: str, outcome: str) -> float:
    return float(metrics.reads.labels(store, outcome)._value.get())


async def is_away(metrics: LookupMetrics) -> bool:
    return metric(metrics, "redis", "away") > 0


async def is_counted(metrics: LookupMetrics) -> bool:
    return bool(metrics.redis_writes.labels("away")._value.get())
