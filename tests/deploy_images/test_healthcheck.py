"""The healthcheck of the images, against a real private port."""

import asyncio
from collections.abc import Mapping

import pytest
from prometheus_client import CollectorRegistry

from deploy.healthcheck import PORTS, ask, private_port
from runtime.endpoint import Endpoint
from runtime.health import serve_private_port

FREE = Endpoint("127.0.0.1", 0, "CLICKRAIL_TEST_PRIVATE")


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (None, (True, '{"status": "ready", "wrong": {}}')),
        ("away", (False, '{"status": "not ready", "wrong": {"kafka": "away"}}')),
    ],
)
async def test_the_answer_is_whether_the_service_is_ready_and_why_not(
    problem: str | None, expected: tuple[bool, str]
) -> None:
    checks: Mapping[str, str | None] = {"kafka": problem}
    async with serve_private_port(FREE, CollectorRegistry(), lambda: checks) as port:
        answer = await asyncio.to_thread(ask, port, "/readyz")

    assert answer == expected


async def test_a_port_that_nobody_listens_on_is_not_well() -> None:
    async with serve_private_port(FREE, CollectorRegistry(), dict) as port:
        pass

    well, said = await asyncio.to_thread(ask, port, "/healthz")

    assert not well
    assert "ConnectionRefused" in said


def test_the_port_is_the_services_own_setting_where_there_is_one() -> None:
    assert private_port({"SERVICE": "sink", "CLICKRAIL_SINK_PRIVATE_PORT": "9999"}) == 9999
    assert private_port({"SERVICE": "sink"}) == PORTS["sink"]
