"""Settings that several services share."""

import msgspec
import pytest

from runtime.errors import SettingsError
from runtime.settings import load, variables
from runtime.shared_settings import KafkaBootstrapServers

SERVERS = "CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS"


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename=variables("INGEST")):
    kafka_bootstrap_servers: KafkaBootstrapServers = ("127.0.0.1:19092",)


def message(environ: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        load(Settings, environ)
    return str(caught.value)


@pytest.mark.parametrize("servers", ["kafka:9092", "kafka", "10.0.0.1:9092, b-2.kafka.example:19092", "[::1]:9092"])
def test_brokers_are_hosts_with_ports(servers: str) -> None:
    assert len(load(Settings, {SERVERS: servers}).kafka_bootstrap_servers) == len(servers.split(","))


@pytest.mark.parametrize(
    "servers",
    [
        "kafka:",
        "kafka:port",
        "kafka:0",
        "kafka:65536",
        "PLAINTEXT://kafka:9092",
        "a:1,b:2:3",
        "::1:9092",
        "a b:1",
        "-x:y",
    ],
)
def test_a_broker_of_another_form_is_refused_in_a_sentence(servers: str) -> None:
    assert message({SERVERS: servers}) == (
        f"{SERVERS}: each must be a host and a port, for example kafka-1:9092,kafka-2:9092"
    )


def test_no_broker_at_all_is_refused_in_a_sentence() -> None:
    assert message({SERVERS: " , "}).startswith(
        f"{SERVERS}: must be a list that is not empty, for example kafka-1:9092"
    )
