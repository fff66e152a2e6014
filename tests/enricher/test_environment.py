"""The keys of the enricher: addresses they do not open are counted, for whoever has rings that differ."""

from collections.abc import Sequence
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from enricher.environment import AddressKeys, watch_geo
from enricher.metrics import EnricherMetrics
from identity.keyfile import create_ring
from identity.keys import RING_RANDOMNESS, init_ring
from identity.verification import VerificationError
from runtime.task_scope import task_scope
from tests.enricher.builders import CLICK_ID, NOW, VISITOR, ring, seal
from tests.waiting import eventually

STRANGE = init_ring(NOW - timedelta(days=1), bytes(range(251))[:RING_RANDOMNESS].ljust(RING_RANDOMNESS, b"s"))


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def keys(tmp_path: Path, registry: CollectorRegistry) -> AddressKeys:
    create_ring(tmp_path / "keys.json", ring())
    return AddressKeys(str(tmp_path / "keys.json"), EnricherMetrics(registry).unopened)


def unopened(registry: CollectorRegistry) -> float:
    samples = [sample for metric in registry.collect() for sample in metric.samples]
    return sum(sample.value for sample in samples if sample.name == "clickrail_enricher_addresses_unopened_total")


def test_an_address_that_opens_is_not_counted(keys: AddressKeys, registry: CollectorRegistry) -> None:
    assert keys.open_ip(seal(VISITOR), CLICK_ID) == IPv4Address(VISITOR)
    assert unopened(registry) == 0


def test_an_address_under_another_ring_is_counted_by_its_reason(keys: AddressKeys, registry: CollectorRegistry) -> None:
    refused = keys.open_ip(seal(VISITOR, keys=STRANGE), CLICK_ID)

    assert isinstance(refused, VerificationError)
    labels = {"reason": refused.reason}
    assert registry.get_sample_value("clickrail_enricher_addresses_unopened_total", labels) == 1
    assert unopened(registry) == 1


class BrokenGeo:
    """Geo files whose look at the disk fails the first times, as no file should make it."""

    problems: Sequence[str] = ()

    def __init__(self, failing: int) -> None:
        self.failing = failing
        self.looked = 0

    def refresh(self) -> bool:
        self.looked += 1
        if self.looked <= self.failing:
            raise RuntimeError("nobody foresaw this")
        return False


async def test_a_look_at_the_geo_files_that_fails_does_not_end_the_watch() -> None:
    geo, problems = BrokenGeo(failing=2), EnricherMetrics(CollectorRegistry()).geo_problems
    seen = []

    async with task_scope(watch_geo(geo, problems, 0.01)):
        await eventually(lambda: geo.looked == 1)
        seen.append(problems._value.get())
        await eventually(lambda: geo.looked > 3)
        seen.append(problems._value.get())

    assert seen[-1] == 0
