"""The configurations of proxies as texts: those that are not run, and what all have to agree on with ingest."""

import re
from typing import Any

import pytest
import yaml
from multidict import CIMultiDict

from ingest.settings import Settings
from runtime.client_address import TrustedProxies, parse_networks
from runtime.settings import load
from tests.deploy_proxies.proxies import FOLDER
from tests.ingest.test_settings import NEEDED

# What each proxy calls the time after which it closes an idle connection to ingest.
IDLE = {
    "nginx.conf": r"keepalive_timeout (\d+)s;  # below",
    "Caddyfile": r"keepalive (\d+)s # below",
    "traefik.yml": r"idleConnTimeout: (\d+)s # below",
}


@pytest.mark.parametrize("name", IDLE)
def test_a_proxy_closes_idle_connections_well_before_ingest_does(name: str) -> None:
    (seconds,) = re.findall(IDLE[name], (FOLDER / name).read_text())

    assert int(seconds) <= load(Settings, NEEDED).keepalive_timeout_s - 10


def traefik() -> dict[str, Any]:
    return dict(yaml.safe_load((FOLDER / "traefik.yml").read_text())["http"])


def test_the_routers_of_traefik_lead_to_services_that_are_there() -> None:
    configured = traefik()

    services, transports = configured["services"], configured["serversTransports"]
    assert {router["service"] for router in configured["routers"].values()} == set(services)
    assert {service["loadBalancer"]["serversTransport"] for service in services.values()} == set(transports)


def cloudflare() -> str:
    lines = (FOLDER / "cloudflare.env").read_text().splitlines()
    (setting,) = [line for line in lines if not line.startswith("#")]
    return setting


def test_the_networks_of_cloudflare_are_a_setting_that_ingest_reads() -> None:
    name, _, value = cloudflare().partition("=")

    assert len(load(Settings, NEEDED | {name: value}).trusted_proxies) == 22


@pytest.mark.parametrize(
    ("header", "peer", "client"),
    [
        ("203.0.113.9", "162.158.1.1", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9", "162.158.1.1", "203.0.113.9"),  # a forged one stands left of it
        ("6.6.6.6, 203.0.113.9", "198.51.100.7", "198.51.100.7"),  # past Cloudflare: nothing it says counts
        ("2001:db8::1", "2606:4700::6810:1", "2001:db8::1"),
    ],
)
def test_behind_cloudflare_the_client_is_whom_cloudflare_names(header: str, peer: str, client: str) -> None:
    networks = cloudflare().partition("=")[2].split(",")
    proxies = TrustedProxies(parse_networks(networks))

    assert str(proxies.find_client(peer, CIMultiDict({"X-Forwarded-For": header}))) == client
