"""The supervisor's private port."""

import asyncio
import json
from http import HTTPStatus

import aiohttp
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ingest.supervisor.status import METRICS, SlotStatus, respond, status_port
from runtime.endpoint import Endpoint
from runtime.errors import CannotListen

FREE = Endpoint("127.0.0.1", 0, "CLICKRAIL_INGEST_PRIVATE")
SLOTS = (SlotStatus(0, None, 0), SlotStatus(1, "starting", 3))


def test_it_is_ready_with_one_worker_and_says_which_are_not() -> None:
    answer = respond("GET", "/readyz", SLOTS)
    assert answer.status == HTTPStatus.OK
    assert json.loads(answer.body) == {"status": "ready", "wrong": {"worker 1": "starting"}}


def test_it_is_not_ready_without_any() -> None:
    for slots in (SLOTS[1:], ()):
        answer = respond("GET", "/readyz", slots)
        assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
        assert json.loads(answer.body)["status"] == "not ready"


def test_what_a_worker_works_without_leaves_it_ready_and_is_told() -> None:
    answer = respond("GET", "/readyz", [SlotStatus(0, None, 0, "journal: No space left on device")])
    assert answer.status == HTTPStatus.OK
    assert json.loads(answer.body) == {
        "status": "ready",
        "wrong": {},
        "degraded": {"worker 0": "journal: No space left on device"},
    }


def test_its_metrics_are_read_by_prometheus() -> None:
    families = list(text_string_to_metric_families(respond("GET", "/metrics", SLOTS).body.decode()))
    samples = {(sample.name, sample.labels["worker"]): sample.value for family in families for sample in family.samples}
    assert samples == {
        ("clickrail_ingest_worker_ready", "0"): 1,
        ("clickrail_ingest_worker_ready", "1"): 0,
        ("clickrail_ingest_worker_restarts_total", "0"): 0,
        ("clickrail_ingest_worker_restarts_total", "1"): 3,
    }
    assert [(family.type, family.documentation) for family in families] == [(kind, text) for _, kind, text in METRICS]


def test_other_paths_and_methods_are_refused() -> None:
    assert respond("GET", "/", SLOTS).status == HTTPStatus.NOT_FOUND
    assert respond("POST", "/readyz", SLOTS).status == HTTPStatus.METHOD_NOT_ALLOWED


async def test_clients_of_http_are_answered() -> None:
    async with status_port(FREE, lambda: SLOTS) as port, aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{port}"
        async with session.get(f"{url}/healthz?now") as answer:
            assert (answer.status, await answer.json()) == (200, {"status": "ok"})
        async with session.get(f"{url}/metrics") as answer:
            assert (answer.status, answer.content_type) == (200, "text/plain")
        for path in ("/readyz", "/healthz", "/metrics", "/elsewhere"):
            async with session.get(url + path) as got, session.head(url + path) as looked:
                assert (looked.status, looked.headers) == (got.status, got.headers)
                assert await looked.read() == b""


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"GET\r\n\r\n", b"\xff\0\r\n\r\n", b"GET /readyz", b"A" * 100_000])
async def test_whoever_speaks_no_http_harms_nobody(data: bytes) -> None:
    async with status_port(FREE, lambda: SLOTS) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        writer.write_eof()
        assert b"200" not in (await reader.read(-1))[:20]
        writer.close()
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/readyz") as answer:
            assert answer.status == 200


async def test_a_taken_port_is_refused() -> None:
    async with status_port(FREE, lambda: SLOTS) as port:
        with pytest.raises(CannotListen, match=f"^CLICKRAIL_INGEST_PRIVATE_PORT: port {port} of 127.0.0.1 is in use"):
            async with status_port(msgspec.structs.replace(FREE, port=port), lambda: SLOTS):
                pass
