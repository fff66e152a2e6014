"""The keys of the enricher: addresses they do not open are counted, for whoever has rings that differ."""

from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from enricher.environment import AddressKeys, open_networks
from enricher.metrics import EnricherMetrics
from enricher.settings import Settings
from identity.keyfile import create_ring
from identity.keys import RING_RANDOMNESS, init_ring
from identity.verification import VerificationError
from tests.enricher.builders import CLICK_ID, NOW, VISITOR, ring, seal, write_database

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


def test_databases_and_lists_of_networks_are_those_of_the_settings(tmp_path: Path) -> None:
    system = {"autonomous_system_number": 64496}
    database = write_database(tmp_path / "asn.mmdb", {"81.2.69.0/24": system}, database_type="Test-ASN")
    (tmp_path / "own.txt").write_text("# kind: gateway\nAS64496\n")
    settings = Settings(
        kafka_bootstrap_servers=("k:1",),
        keys_file="/keys",
        network_databases=(str(database),),
        network_lists=(f"{tmp_path}/own.txt",),
    )
    networks = open_networks(settings)
    networks.refresh()

    assert networks.problems == []
    assert networks.find(IPv4Address(VISITOR)).kind == "gateway"
