"""The line that the fault tests break, itself."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.faults.proxy import Proxy
from tests.waiting import PATIENCE_S

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Echo:
    """A server that sends back what it gets, and remembers it."""

    def __init__(self) -> None:
        self.got = b""
        self.ends: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(64 * 1024):
                self.got += data
                writer.write(data)
                await writer.drain()
            self.ends.append("closed")
        except ConnectionError:
            self.ends.append("reset")
        writer.close()


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
async def port(echo: Echo) -> AsyncIterator[int]:
    server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


@pytest.fixture
def proxy(port: int) -> Iterator[Proxy]:
    with Proxy("127.0.0.1", port) as proxy:
        yield proxy


async def connect(proxy: Proxy) -> Streams:
    return await asyncio.open_connection("127.0.0.1", proxy.port)


async def ask(streams: Streams, text: bytes) -> bytes:
    """Send a text; give what comes back, as much as was sent. Raises ConnectionError, IncompleteReadError."""
    reader, writer = streams
    writer.write(text)
    async with asyncio.timeout(PATIENCE_S):
        return await reader.readexactly(len(text))


def leave(*connections: Streams) -> None:
    for _, writer in connections:
        writer.close()


async def test_bytes_pass_both_ways_unchanged_and_an_end_is_passed_on(proxy: Proxy, echo: Echo) -> None:
    streams = await connect(proxy)
    text = bytes(range(256)) * 4096
    assert await ask(streams, text) == text
    streams[1].write_eof()
    assert await streams[0].read() == b""
    assert echo.ends == ["closed"]
    leave(streams)


@pytest.mark.slow
async def test_latency_is_of_the_way_and_not_of_the_chunk(proxy: Proxy) -> None:
    streams = await connect(proxy)
    proxy.latency_s = 0.2
    start = time.monotonic()
    await ask(streams, b"x")
    assert time.monotonic() - start >= 0.4
    start = time.monotonic()
    await ask(streams, b"x" * 4_000_000)
    # 60 chunks and more, each of which would wait for the one before it.
    assert 0.4 <= time.monotonic() - start < 5
    leave(streams)


async def test_in_a_blackhole_nothing_is_lost_or_closed(proxy: Proxy) -> None:
    streams = await connect(proxy)
    await ask(streams, b"before")
    proxy.blackhole()
    later = await connect(proxy)
    streams[1].write(b"during")
    later[1].write(b"new")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(streams[0].read(1), 0.2)
    proxy.restore()
    async with asyncio.timeout(PATIENCE_S):
        assert await streams[0].readexactly(6) == b"during"
        assert await later[0].readexactly(3) == b"new"
    leave(streams, later)


async def test_a_sender_into_a_blackhole_is_stopped_when_the_buffers_are_full(proxy: Proxy) -> None:
    _, writer = await connect(proxy)
    proxy.blackhole()
    writer.write(bytes(50_000_000))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(writer.drain(), 0.2)
    writer.transport.abort()


async def test_cut_closes_what_is_open_and_refuses_what_is_new_until_it_is_restored(proxy: Proxy) -> None:
    streams = await connect(proxy)
    await ask(streams, b"before")
    proxy.cut()
    assert await streams[0].read() == b""
    with pytest.raises(ConnectionRefusedError):
        await connect(proxy)
    proxy.restore()
    again = await connect(proxy)
    assert await ask(again, b"after") == b"after"
    leave(streams, again)


async def test_reset_is_seen_as_a_reset_on_both_sides_and_the_next_connection_works(proxy: Proxy, echo: Echo) -> None:
    streams = await connect(proxy)
    await ask(streams, b"before")
    proxy.reset()
    with pytest.raises(ConnectionResetError):
        await ask(streams, b"x")
    again = await connect(proxy)
    assert await ask(again, b"after") == b"after"
    assert echo.ends == ["reset"]
    leave(streams, again)


async def test_break_after_lets_exactly_so_many_bytes_through_once(proxy: Proxy, echo: Echo) -> None:
    streams = await connect(proxy)
    await ask(streams, b"0123456789")
    proxy.break_after(4)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await ask(streams, b"abcdefgh")
    again = await connect(proxy)
    assert await ask(again, b"after") == b"after"
    assert echo.got == b"0123456789abcdafter"
    leave(streams, again)


@pytest.mark.parametrize("pieces", [(b"BEGIN;COMMIT;more",), (b"BEGIN;COM", b"MIT;more"), (b"COMMIT;", b"more")])
async def test_break_at_gives_the_server_the_text_and_the_client_a_reset(
    proxy: Proxy, echo: Echo, pieces: tuple[bytes, ...]
) -> None:
    reader, writer = await connect(proxy)
    proxy.break_at(b"COMMIT;")
    for piece in pieces:
        writer.write(piece)
        await asyncio.sleep(0.05)
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(reader.readexactly(1000), PATIENCE_S)
    assert echo.got.endswith(b"COMMIT;")
    leave((reader, writer))


async def test_a_server_that_is_away_looks_like_one() -> None:
    with Proxy("127.0.0.1", 1) as proxy, pytest.raises(ConnectionResetError):
        await ask(await connect(proxy), b"x")
