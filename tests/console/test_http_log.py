"""What the server itself logs: that something failed, and of nobody."""

import asyncio

import msgspec
import pytest

from console.service import public_port
from console.web.cached_query import CachedQuery
from tests.console.memory_tables import MemoryTables
from tests.console.running import Console, make_settings, run_console

SETTINGS = make_settings(host="127.0.0.1")
STRANGE = (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"GET /?password=sesame HTTP/9\r\nA\r\n\r\n")


async def fail() -> None:
    raise ZeroDivisionError


async def send(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    async with asyncio.timeout(30):
        answer = await reader.read()
    writer.close()
    return answer


async def test_a_failure_of_ours_is_logged_with_its_cause_and_without_the_visitors_address(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with run_console(SETTINGS, MemoryTables(), overview=CachedQuery(fail)) as console:
        await console.log_in()
        cookie = "; ".join(f"{cookie.key}={cookie.value}" for cookie in console.client.session.cookie_jar)
        request = f"GET / HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"
        async with public_port(console.environment) as port:
            assert (await send(port, request.encode())).startswith(b"HTTP/1.1 500")
    logged = [line for line in caplog.records if line.name == "clickrail.console.http"]

    assert [line.getMessage() for line in logged] == ["a request could not be answered"]
    assert [line.exc_info[0] for line in logged if line.exc_info] == [ZeroDivisionError]


@pytest.mark.parametrize("request_", STRANGE, ids=["no HTTP", "no version of it"])
async def test_what_a_stranger_sends_is_not_quoted_in_the_log(
    offline_console: Console, caplog: pytest.LogCaptureFixture, request_: bytes
) -> None:
    async with public_port(msgspec.structs.replace(offline_console.environment, settings=SETTINGS)) as port:
        assert (await send(port, request_)).startswith(b"HTTP/1.0 400")

    assert [line for line in caplog.records if line.name in ("clickrail.console.http", "aiohttp.server")] == []
