"""The redirect on a port of its own, with codes from a dict and topics in a list: all of ingest but its servers."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry

from ingest.environment import Environment
from ingest.http.admission import AdmissionControl
from ingest.http.overload_log import OverloadLog
from ingest.journal.journal import Journal
from ingest.limits.limits import Limits, LimitSettings
from ingest.limits.metrics import KeyMetrics, LimitMetrics
from ingest.live_keys import LiveKeys
from ingest.metrics import IngestMetrics, OverloadMetrics, QueueMetrics
from ingest.pipeline import Keys
from ingest.publisher import Publisher
from ingest.redirect import Delivery, Redirect
from ingest.service import public_port
from ingest.settings import Settings
from referrals.lookup.answers import UNAVAILABLE, Answer
from runtime.settings import load
from tests.ingest.builders import Codes, Topics, found, keys, site
from tests.ingest.journals import publishing
from tests.ingest.test_settings import NEEDED
from tests.waiting import PATIENCE_S

ON_A_FREE_PORT = load(Settings, NEEDED | {"CLICKRAIL_INGEST_HOST": "127.0.0.1", "CLICKRAIL_INGEST_PORT": "0"})


class FixedKeys:
    """Keys that change when a test changes them."""

    def __init__(self) -> None:
        self.current: Keys = keys()

    def refresh(self) -> None:
        pass


class Served(msgspec.Struct, frozen=True):
    """A running redirect, and what there is to look at. `asked` is every code that was looked up, in order."""

    port: int
    redirect: Redirect
    keys: Any
    journal: Journal
    publisher: Publisher
    topics: Topics
    registry: CollectorRegistry
    asked: list[str]
    env: Environment

    async def published(self) -> Topics:
        """Give the topics once everything is in them."""
        assert await self.publisher.drain(PATIENCE_S) == 0
        return self.topics

    def count(self, name: str, **labels: str) -> float:
        value = self.registry.get_sample_value(name, labels)
        assert value is not None, f"no metric {name}{labels}"
        return value

    def answers(self) -> dict[str, float]:
        """Give the requests by answer, those that did not occur left out."""
        (family,) = (family for family in self.registry.collect() if family.name == "clickrail_requests")
        return {sample.labels["answer"]: sample.value for sample in family.samples if sample.value}


@asynccontextmanager
async def serving(
    answers: Mapping[str, Answer] | None = None,
    limited: LimitSettings | None = None,
    of_ring: LiveKeys | None = None,
    most_wait_ms: int = 0,
    keepalive_s: float = 75,
    lookup_s: float = 0,
    **of_site: Any,
) -> AsyncIterator[Served]:
    """Serve these codes; by default `abc123` is active, `away` is out of reach, and rates and waits have no limit.

    Each lookup keeps the event loop for `lookup_s`.
    """
    codes = Codes({"abc123": found(), "away": UNAVAILABLE} if answers is None else answers, lookup_s)
    topics, registry = Topics(), CollectorRegistry()
    async with publishing(topics) as to:
        metrics = IngestMetrics(registry)
        QueueMetrics(registry, to.journal, to.publisher.oversized)
        limits = Limits(limited or LimitSettings(), LimitMetrics(registry))
        KeyMetrics(registry, limits)
        key_source = of_ring or FixedKeys()
        admission = AdmissionControl(most_wait_ms)
        OverloadMetrics(registry, admission)
        redirect = Redirect(site(**of_site), key_source, codes, limits, Delivery(to.journal, to.publisher), metrics)
        settings = msgspec.structs.replace(ON_A_FREE_PORT, keepalive_timeout_s=keepalive_s)
        env = Environment(
            settings, registry, metrics, codes, redirect, to.publisher, to.journal, admission, OverloadLog()
        )  # type: ignore[arg-type]  # a Lookup of our own
        async with public_port(env) as port:
            yield Served(port, redirect, key_source, to.journal, to.publisher, topics, registry, codes.asked, env)
