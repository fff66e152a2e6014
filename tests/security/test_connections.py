"""Items 11 and 12: a request that is too large, too slow, or brings a body costs next to nothing and ends."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path

import pytest

from ingest.settings import Settings
from runtime.settings import load
from tests.ingest.test_settings import NEEDED
from tests.ingest.wire import Answer, ask, read_answers, request, send
from tests.pipeline import Pipeline

pytestmark = [pytest.mark.servers, pytest.mark.processes]

ALLOWED_S = 10
HEADER = b"X-Long: " + b"x" * 8_000 + b"\r\n"
MOST_GROWTH_MIB = 8
BEGINNINGS = [
    b"GET /ref/abc123?sub1=",
    b"GET /ref/abc123 HTTP/1.1\r\n",
    request("/ref/abc123").removesuffix(b"\r\n") + b"X-Slow: ",
]
BODIES = {
    "GET with a length": request("/ref/abc123", {"Content-Length": "100"}, last=False),
    "GET in chunks": request("/ref/abc123", {"Transfer-Encoding": "chunked"}, last=False) + b"64\r\n",
    "POST with a length": request("/ref/abc123", {"Content-Length": "100"}, "POST", last=False),
    "POST in chunks": request("/ref/abc123", {"Transfer-Encoding": "chunked"}, "POST", last=False) + b"64\r\n",
    "POST without a body": request("/ref/abc123", {}, "POST", last=False),
    "POST elsewhere": request("/elsewhere", {"Content-Length": "100"}, "POST", last=False),
}


def resident_mib(pipeline: Pipeline) -> float:
    process = pipeline.services["ingest"].process
    assert process is not None
    (line,) = [line for line in Path(f"/proc/{process.pid}/status").read_text().splitlines() if "VmRSS" in line]
    return int(line.split()[1]) / 1024


async def drip(port: int, begin: bytes, more: bytes = b"x") -> tuple[list[Answer], float]:
    """Send a beginning, then a little more every now and then; give what is answered and after how long it ends."""
    began = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(begin)

    async def go_on() -> None:
        with suppress(ConnectionError):
            while True:
                await asyncio.sleep(0.1)
                writer.write(more)
                await writer.drain()

    dripping = asyncio.create_task(go_on())
    answered = b""
    try:
        async with asyncio.timeout(3 * ALLOWED_S):
            with suppress(ConnectionError):
                while piece := await reader.read(65_536):
                    answered += piece
    finally:
        dripping.cancel()
        writer.close()
    return read_answers(answered), time.monotonic() - began


async def test_item_11_headers_of_a_megabyte_get_431_the_connection_ends_and_memory_stays_flat(
    ingest: Pipeline,
) -> None:
    huge = request("/ref/abc123", last=False, lines=HEADER * 127)

    async def flood(times: int) -> list[Answer]:
        return [answer for _ in range(times) for answer in await send(ingest.port, huge)]

    await flood(4)
    before = resident_mib(ingest)
    answers = [answer for some in await asyncio.gather(*(flood(8) for _ in range(8))) for answer in some]
    grown = resident_mib(ingest) - before

    assert [(answer.status, answer.headers["Connection"]) for answer in answers] == [(431, "close")] * 64
    assert grown < MOST_GROWTH_MIB
    assert (await ask(ingest.port, "/ref/abc123")).status == 302


@pytest.mark.parametrize(("lines", "status"), [(1, 302), (3, 302), (5, 431), (127, 431)])
async def test_item_11_the_cap_is_on_all_headers_together_between_16_and_32_kib(
    lines: int, status: int, ingest: Pipeline
) -> None:
    (answer,) = await send(ingest.port, request("/ref/abc123", lines=HEADER * lines))
    assert answer.status == status


def test_item_12_by_default_a_request_has_ten_seconds_at_most() -> None:
    assert 0 < load(Settings, NEEDED).head_timeout_s <= ALLOWED_S


@pytest.mark.slow
@pytest.mark.parametrize("begin", BEGINNINGS, ids=len)
async def test_item_12_a_request_that_drips_is_cut_off_in_time_and_makes_no_click(
    begin: bytes, ingest: Pipeline
) -> None:
    answers, took_s = await drip(ingest.port, begin)
    assert answers == []
    assert 0.9 < took_s < ALLOWED_S
    assert (await ask(ingest.port, "/ref/abc123")).status == 302


@pytest.mark.slow
async def test_item_12_who_sends_nothing_at_all_is_cut_off_too(ingest: Pipeline) -> None:
    answers, took_s = await drip(ingest.port, b"", b"")
    assert (answers, took_s < ALLOWED_S) == ([], True)


@pytest.mark.slow
@pytest.mark.parametrize("kind", BODIES)
async def test_item_12_a_body_is_not_waited_for_but_refused_and_the_connection_ends(
    kind: str, ingest: Pipeline
) -> None:
    answers, took_s = await drip(ingest.port, BODIES[kind])
    assert [answer.status for answer in answers] == [405]
    assert answers[0].headers["Connection"] == "close"
    assert took_s < ALLOWED_S
