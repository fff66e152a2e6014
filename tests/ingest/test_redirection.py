"""The answer as it stands on the wire."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime

import pytest
from aiohttp import web

from ingest.redirection import Redirection

SHOES = "https://shop.example/shoes?a=%2Fb&z=a+b"


@asynccontextmanager
async def serving(*, leaving: bool = False) -> AsyncIterator[int]:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        redirection = Redirection(SHOES, "a=b; Path=/" if "cookie" in request.raw_path else None)
        if leaving:
            redirection.force_close()
        return redirection

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def ask(port: int, request: bytes) -> tuple[list[str], bytes]:
    """Give the lines of the answer, and what stands behind it once more has been asked on the same connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    writer.write(b"GET /again HTTP/1.1\r\nHost: h\r\n\r\n")
    rest = await asyncio.wait_for(reader.read(12), 10)
    writer.close()
    return head.decode().split("\r\n")[:-2], rest


async def test_it_is_never_stored_and_sets_a_cookie_only_when_given_one() -> None:
    async with serving() as port:
        plain, again = await ask(port, b"GET /plain HTTP/1.1\r\nHost: h\r\n\r\n")
        with_cookie, _ = await ask(port, b"GET /cookie HTTP/1.1\r\nHost: h\r\n\r\n")

    *lines, date = plain
    assert lines == [
        "HTTP/1.1 302 Found",
        f"Location: {SHOES}",
        "Cache-Control: no-store",
        "Content-Length: 0",
    ]
    assert parsedate_to_datetime(date.removeprefix("Date: ")).tzinfo is not None
    assert again == b"HTTP/1.1 302"
    assert "Set-Cookie: a=b; Path=/" in with_cookie


@pytest.mark.parametrize(
    ("request_line", "leaving", "connection", "stays"),
    [
        (b"HTTP/1.1\r\n", False, None, True),
        (b"HTTP/1.1\r\nConnection: close\r\n", False, "Connection: close", False),
        (b"HTTP/1.0\r\n", False, "Connection: close", False),
        (b"HTTP/1.0\r\nConnection: keep-alive\r\n", False, "Connection: keep-alive", True),
        (b"HTTP/1.1\r\n", True, "Connection: close", False),
    ],
)
async def test_it_says_whether_the_connection_stays_and_keeps_its_word(
    request_line: bytes, leaving: bool, connection: str | None, stays: bool
) -> None:
    async with serving(leaving=leaving) as port:
        lines, again = await ask(port, b"GET /x " + request_line + b"Host: h\r\n\r\n")

    assert [line for line in lines if line.startswith("Connection")] == ([connection] if connection else [])
    assert again == (b"HTTP/1.1 302" if stays else b"")


@pytest.mark.parametrize(
    "location", ["https://e.example/\r\nSet-Cookie: x=1", "https://e.example/\n", "https://é.example/"]
)
def test_a_location_that_would_leave_its_line_is_refused(location: str) -> None:
    with pytest.raises(ValueError, match="printable ASCII"):
        Redirection(location)
