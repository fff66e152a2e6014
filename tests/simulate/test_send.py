import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from deploy.local.ports import free_port
from simulate.ledger import Answer
from simulate.planned import Planned
from simulate.send import SendOptions, name_error, read_target, send
from tests.simulate.builders import SHOES, generated, give_click, planned, stack, visits

pytestmark = pytest.mark.slow

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw(talk: Talk) -> AsyncIterator[str]:
    """A server that says what the test says, byte for byte; `talk` is called for each connection."""

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(once, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def saying(*answers: bytes) -> Talk:
    """Answer the requests of a connection one by one, then end it."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for one in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(one)
            await writer.drain()

    return talk


class Noted:
    """Every answer, with the request it came to."""

    def __init__(self) -> None:
        self.pairs: list[tuple[Planned, Answer]] = []

    def __call__(self, request: Planned, came: Answer) -> None:
        self.pairs.append((request, came))

    @property
    def outcomes(self) -> list[str]:
        return [came.outcome for _, came in self.pairs]


async def outcomes(plan: list[Planned], url: str, **sending: float) -> list[str]:
    noted = Noted()
    settings = SendOptions(url=url, rate=sending.get("rate"), connections=1, timeout_s=sending.get("timeout_s", 10.0))
    ledger = await send(plan, settings, noted)
    assert ledger.sent == len(noted.pairs) == len(plan)
    assert ledger.sent == ledger.answered + ledger.failed
    return noted.outcomes


async def test_every_request_is_answered_and_counted() -> None:
    noted = Noted()
    async with stack() as url:
        ledger = await send(visits(300), SendOptions(url=url, rate=None), noted)
    assert (ledger.sent, ledger.answered, ledger.failed) == (300, 300, 0)
    assert ledger.by_kind == {"visit": {"302 + cookie": 300}}
    assert sorted(request.id for request, _ in noted.pairs) == list(range(1, 301))
    assert {came.location for _, came in noted.pairs} == {SHOES}
    assert 0 < ledger.latency_ms.p50 <= ledger.latency_ms.p99 <= ledger.latency_ms.max
    assert not ledger.interrupted


async def test_what_was_planned_arrives_as_it_was_planned() -> None:
    arrived: list[tuple[str, str, tuple[tuple[str, str], ...]]] = []

    async def note(request: web.BaseRequest) -> web.StreamResponse:
        arrived.append(
            (request.method, request.raw_path, tuple((name, value) for name, value in request.headers.items()))
        )
        return web.Response(status=404)

    plan = [request for request in generated(600) if request.kind not in {"hostile", "method"}]
    async with stack(note) as url:
        await send(plan, SendOptions(url=url, rate=None, connections=1))
    host = ("Host", url.removeprefix("http://"))
    assert arrived == [(request.method, request.path, (host, *request.headers)) for request in plan]


async def test_connections_are_kept_and_no_more_are_opened_than_allowed() -> None:
    peers: set[object] = set()

    async def note(request: web.BaseRequest) -> web.StreamResponse:
        peers.add(request.transport.get_extra_info("peername") if request.transport else None)
        await asyncio.sleep(0.001)
        return await give_click(request)

    async with stack(note) as url:
        await send(visits(200), SendOptions(url=url, rate=None, connections=4))
    assert len(peers) <= 4


async def test_requests_leave_at_their_time_whatever_the_answers_do() -> None:
    loop, all_arrived = asyncio.get_running_loop(), asyncio.Event()
    arrived: list[float] = []

    async def wait_for_all(request: web.BaseRequest) -> web.StreamResponse:
        arrived.append(loop.time())
        if len(arrived) == 40:
            all_arrived.set()
        await all_arrived.wait()
        return await give_click(request)

    async with stack(wait_for_all) as url:
        ledger = await send(visits(40), SendOptions(url=url, rate=100.0))
    assert ledger.answered == 40
    assert arrived[-1] - arrived[0] > 0.3


async def test_requests_leave_at_times_of_their_own_so_many_times_as_fast() -> None:
    loop = asyncio.get_running_loop()
    arrived: list[tuple[str, float]] = []

    async def note(request: web.BaseRequest) -> web.StreamResponse:
        arrived.append((request.raw_path, loop.time()))
        return await give_click(request)

    plan = [planned(id=at, path=f"/ref/demo?{at}", at_s=float(at)) for at in (0, 30, 30, 60)]
    async with stack(note) as url:
        ledger = await send(plan, SendOptions(url=url, speed=60.0))
    began = arrived[0][1]
    assert [path for path, _ in arrived] == [request.path for request in plan]
    assert [at - began >= due - 0.05 for (_, at), due in zip(arrived, (0, 0.5, 0.5, 1.0), strict=True)] == [True] * 4
    assert (ledger.speed, ledger.asked_rate) == (60, None)


async def test_without_a_free_connection_requests_are_late_and_none_is_left_out() -> None:
    async def dawdle(request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.sleep(0.05)
        return await give_click(request)

    async with stack(dawdle) as url:
        ledger = await send(visits(20), SendOptions(url=url, rate=200.0, connections=1))
    assert (ledger.sent, ledger.answered) == (20, 20)
    assert ledger.late > 5
    assert not ledger.held
    assert ledger.rate < 100


async def test_a_visitor_who_comes_again_brings_the_cookie() -> None:
    brought: list[str | None] = []

    async def note(request: web.BaseRequest) -> web.StreamResponse:
        brought.append(request.headers.get("Cookie"))
        return await give_click(request)

    plan = [planned(id=1, visitor="anna"), planned(id=2, visitor="ben"), planned(id=3, visitor="anna"), planned(id=4)]
    async with stack(note) as url:
        await send(plan, SendOptions(url=url, rate=None, connections=1))
    assert brought == [None, None, "cr-shop=v1.k1.AAAA", None]


async def test_other_answers_are_answers() -> None:
    async def refuse(request: web.BaseRequest) -> web.StreamResponse:
        response = web.Response(status=503 if request.method == "GET" else 405, text="One moment")
        if request.method == "POST":
            response.force_close()
        return response

    plan = [planned(), planned(method="POST"), planned(method="HEAD"), planned()]
    async with stack(refuse) as url:
        assert await outcomes(plan, url) == ["503", "405", "405", "503"]


async def test_an_answer_that_does_not_come_is_a_timeout_and_the_next_request_goes_on() -> None:
    comes = iter([False, True])

    async def dawdle(request: web.BaseRequest) -> web.StreamResponse:
        if not next(comes):
            await asyncio.Event().wait()
        return await give_click(request)

    async with stack(dawdle) as url:
        assert await outcomes(visits(2), url, timeout_s=1.0) == ["timeout", "302 + cookie"]


async def test_nobody_there_is_refused() -> None:
    assert await outcomes(visits(3), f"http://127.0.0.1:{free_port()}") == ["refused"] * 3


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (TimeoutError(), "timeout"),
        (ConnectionRefusedError(), "refused"),
        (ConnectionResetError(), "reset"),
        (BrokenPipeError(), "reset"),
        (socket.gaierror(), "unknown_host"),
        (ssl.SSLCertVerificationError(), "tls"),
        (OSError(113, "No route to host"), "unreachable"),
    ],
)
def test_every_failure_has_a_name(error: OSError, name: str) -> None:
    assert name_error(error) == name


async def test_a_connection_that_ends_before_its_answer_is_closed() -> None:
    async with raw(saying(b"")) as url:
        assert await outcomes(visits(2), url) == ["closed", "closed"]


async def test_half_an_answer_is_none() -> None:
    async with raw(saying(b"HTTP/1.1 302 Found\r\nContent-Length: 10\r\n\r\nhalf")) as url:
        assert await outcomes(visits(1), url) == ["closed"]


async def test_a_connection_ended_between_two_requests_costs_neither() -> None:
    answered = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"
    async with raw(saying(answered)) as url:
        # Long enough apart that the end of the connection is known before the next request.
        assert await outcomes(visits(3), url, rate=4.0) == ["302", "302", "302"]


async def test_what_is_not_http_is_a_bad_answer() -> None:
    async with raw(saying(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")) as url:
        assert await outcomes(visits(1), url) == ["bad_answer"]


async def test_more_than_was_announced_is_not_taken_for_the_next_answer() -> None:
    twice = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    async with raw(saying(twice, twice)) as url:
        assert await outcomes(visits(2), url) == ["302", "302"]


async def test_an_answer_in_pieces_is_put_together() -> None:
    async def dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            for byte in b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone":
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0)

    async with raw(dribble) as url:
        assert await outcomes(visits(3), url) == ["404"] * 3


@pytest.mark.parametrize(
    "answered",
    [
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\n\r\nuntil the end",
        b"HTTP/1.0 302 Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody",
    ],
)
async def test_answers_end_in_every_way_http_allows(answered: bytes) -> None:
    async with raw(saying(answered)) as url:
        assert await outcomes(visits(2), url) == ["302", "302"]


async def test_a_stop_ends_the_sending_and_waits_for_the_answers() -> None:
    stop, noted = asyncio.Event(), Noted()

    async def dawdle(request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.sleep(0.3)
        return await give_click(request)

    async with stack(dawdle) as url:
        asyncio.get_running_loop().call_later(0.2, stop.set)
        ledger = await send(visits(1000), SendOptions(url=url, rate=50.0), noted, stop)
    assert 1 <= ledger.sent <= 500
    assert ledger.sent == ledger.answered == len(noted.pairs)
    assert ledger.interrupted


async def test_what_on_answer_raises_ends_everything() -> None:
    def refuse(_: Planned, __: Answer) -> None:
        raise OSError("No space left on device")

    async with stack() as url:
        with pytest.raises(OSError, match="No space left"):
            await send(visits(100), SendOptions(url=url, rate=None), refuse)


async def test_everything_that_is_generated_gets_an_answer() -> None:
    async with stack() as url:
        ledger = await send(generated(1500), SendOptions(url=url, rate=None, connections=16))
    assert (ledger.sent, ledger.failed) == (1500, 0)
    assert set(ledger.outcomes) == {"302 + cookie", "400"}
    assert sum(ledger.by_kind["hostile"].values()) == sum(request.kind == "hostile" for request in generated(1500))


def test_an_address_has_its_scheme_s_port() -> None:
    assert (read_target("http://go.shop.example").port, read_target("http://[::1]:8080").host) == (80, "::1")
    https = read_target("https://go.shop.example/")
    assert (https.port, https.authority, https.tls is not None) == (443, "go.shop.example", True)
