"""One connection: what is read from it, in which order it is answered, and when it ends."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

import msgspec
import pytest
from aiohttp.http import RawRequestMessage
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from ingest.http.admission import AdmissionControl
from ingest.http.connections import ConnectionLimits, Connections
from ingest.http.handler import DeferredResponse, Handled
from ingest.http.response import Response, redirect_to
from ingest.metrics import IngestMetrics
from runtime.task_scope import task_scope
from tests.both_loops import on_both_loops
from tests.ingest.wire import PATIENCE_S, Answer, read_answers, request, send
from tests.waiting import eventually

HEADER = b"X-Long: " + b"x" * 8000 + b"\r\n"
MORE_THAN_BUFFERS_HOLD = 16_000_000
"""Bytes that do not disappear in the kernel's buffers of a connection."""


LARGE = Response(f"HTTP/1.1 200 OK\r\nContent-Length: {MORE_THAN_BUFFERS_HOLD}\r\n", bytes(MORE_THAN_BUFFERS_HOLD))


class Host:
    """Answers with where it was asked for: `/later` when `may_answer`, `/bug` not at all, `/large` with `LARGE`,
    `/unsendable` with what no wire takes.
    """

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.peers: list[str | None] = []
        self.written = self.accepted = 0
        self.refused: list[str] = []
        self.traced = 0
        self.before_sending: Callable[[], None] = lambda: None

    def handle(self, request: RawRequestMessage, peer: str | None) -> Handled:
        self.peers.append(peer)
        if "bug" in request.path:
            raise RuntimeError("ours")
        if request.path == "/large":
            return LARGE
        if request.path == "/unsendable":
            return Response("HTTP/1.1 200 OK\r\nX: \ud800\r\n")
        return self.later(request) if "later" in request.path else redirect_to(f"https://e.example{request.path}")

    def flush_journal(self) -> None:
        self.written = len(self.peers)
        self.before_sending()

    def trace_refused(self, request: RawRequestMessage, peer: str | None) -> None:
        self.refused.append(request.method)

    def record_traces(self) -> None:
        self.traced = len(self.refused)

    async def later(self, request: RawRequestMessage) -> DeferredResponse:
        await self.may_answer.wait()
        if "fails" in request.path:
            raise RuntimeError("ours, later")
        return DeferredResponse(partial(self.accept, request), lambda: redirect_to("https://e.example/no-click"))

    def accept(self, request: RawRequestMessage) -> Response:
        if "breaks" in request.path:
            raise RuntimeError("ours, at last")
        self.accepted += 1
        return redirect_to(f"https://e.example{request.path}")


class Served(msgspec.Struct, frozen=True):
    port: int
    host: Host
    metrics: IngestMetrics
    connections: Connections


@asynccontextmanager
async def serving(admission: AdmissionControl | None = None, **limits: float) -> AsyncIterator[Served]:
    host, metrics = Host(), IngestMetrics(CollectorRegistry())
    connections = Connections(host, ConnectionLimits(**limits), metrics, admission)  # type: ignore[arg-type]  # one is a whole number
    server = await asyncio.get_running_loop().create_server(connections, "127.0.0.1", 0)
    async with task_scope(connections.sweep()):
        try:
            yield Served(server.sockets[0].getsockname()[1], host, metrics, connections)
        finally:
            server.close()
            host.may_answer.set()
            await connections.drain(0, 1)
            await asyncio.sleep(0)


def locations(answers: list[Answer]) -> list[str | None]:
    return [answer.location for answer in answers]


@pytest.mark.parametrize(
    ("first_line", "leaving", "connection", "stays"),
    [
        (b"HTTP/1.1\r\n", False, None, True),
        (b"HTTP/1.1\r\nConnection: close\r\n", False, "close", False),
        (b"HTTP/1.0\r\n", False, "close", False),
        (b"HTTP/1.0\r\nConnection: keep-alive\r\n", False, "keep-alive", True),
        (b"HTTP/1.1\r\n", True, "close", False),
        (b"HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n", False, "close", False),
        (b"HTTP/1.1\r\nExpect: 100-continue\r\n", False, None, True),
    ],
)
@on_both_loops
async def test_it_says_whether_the_connection_stays_and_keeps_its_word(
    first_line: bytes, leaving: bool, connection: str | None, stays: bool
) -> None:
    async with serving() as served, asyncio.timeout(PATIENCE_S):
        served.connections.is_draining = leaving
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(b"GET /x " + first_line + b"Host: h\r\n\r\n")
        (answer,) = read_answers(await reader.readuntil(b"\r\n\r\n"))
        writer.write(request("/again"))
        rest = await reader.read(-1)
        writer.close()
    assert answer.headers.get("Connection") == connection
    assert locations(read_answers(rest)) == (["https://e.example/again"] if stays else [])


@on_both_loops
async def test_answers_come_in_the_order_of_the_requests_also_when_one_takes_long() -> None:
    paths = ["/1", "/later2", "/3", "/later4", "/5"]
    async with serving() as served:
        sent = asyncio.create_task(
            send(served.port, b"".join(request(path, last=False) for path in paths) + request("/6"))
        )
        await eventually(lambda: len(served.host.peers) >= 2)
        await asyncio.sleep(0.05)
        assert len(served.host.peers) == 2
        served.host.may_answer.set()
        answers = await sent
    assert locations(answers) == [f"https://e.example{path}" for path in [*paths, "/6"]]
    assert served.host.peers == ["127.0.0.1"] * 6


@on_both_loops
async def test_a_request_may_come_byte_by_byte() -> None:
    async with serving() as served, asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        for byte in request("/slow"):
            writer.write(bytes([byte]))
            await asyncio.sleep(0)
        assert locations(read_answers(await reader.read(-1))) == ["https://e.example/slow"]
        writer.close()


@on_both_loops
async def test_a_visitor_who_closes_his_half_behind_a_request_still_gets_his_answer() -> None:
    async with serving() as served, asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(request("/x", last=False))
        writer.write_eof()
        assert locations(read_answers(await reader.read(-1))) == ["https://e.example/x"]
        writer.close()


@on_both_loops
async def test_who_closes_his_half_while_the_stores_are_asked_is_sent_on_without_a_click() -> None:
    async with serving() as served, asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(request("/later", last=False))
        writer.write_eof()
        await eventually(lambda: any(connection._is_half_closed for connection in served.connections._open))
        served.host.may_answer.set()
        assert locations(read_answers(await reader.read(-1))) == ["https://e.example/no-click"]
        writer.close()
    assert served.host.accepted == 0


@on_both_loops
async def test_who_is_gone_when_the_stores_have_answered_is_counted_and_nothing_accepted() -> None:
    async with serving() as served, asyncio.timeout(PATIENCE_S):
        gone = socket.create_connection(("127.0.0.1", served.port))
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gone.sendall(request("/later", last=False))
        await eventually(lambda: served.host.peers)
        gone.close()
        await eventually(lambda: not served.connections._open)
        served.host.may_answer.set()
        await eventually(lambda: served.metrics.answers["left"])
    assert (served.host.accepted, served.metrics.answers["left"]) == (0, 1)


@on_both_loops
async def test_a_thousand_requests_in_one_breath_are_all_answered_though_the_visitor_reads_late() -> None:
    async with serving() as served, asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(request("/" + "x" * 2000, last=False) * 999 + request("/last"))
        await asyncio.sleep(0.2)
        answers = read_answers(await reader.read(-1))
        writer.close()
    assert locations(answers) == ["https://e.example/" + "x" * 2000] * 999 + ["https://e.example/last"]


@pytest.mark.parametrize(
    ("data", "status", "answer"),
    [
        (b"nonsense\r\n\r\n", 400, "unreadable"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "unreadable"),
        (b"GET /x HTTP/1.1\r\n\r\n", 400, "unreadable"),
        (request("/x", last=False, lines=HEADER * 5), 431, "unreadable"),
        (request("/x", last=False, lines=HEADER * 120), 431, "unreadable"),
        (request("/x", {"Content-Length": "3"}, last=False) + b"abc", 405, "method_not_allowed"),
        (request("/x", {"Content-Length": "300000000"}, last=False) + b"abc", 405, "method_not_allowed"),
        (request("/x", {"Transfer-Encoding": "chunked"}, "POST", last=False) + b"0\r\n\r\n", 405, "method_not_allowed"),
    ],
)
@on_both_loops
async def test_what_is_no_request_for_a_link_is_refused_and_ends_the_connection(
    data: bytes, status: int, answer: str
) -> None:
    async with serving() as served:
        # What comes before it is answered; what comes after it is not read.
        answers = await send(served.port, request("/before", last=False) + data + request("/behind", last=False))
    assert [answer.status for answer in answers] == [302, status]
    assert answers[-1].headers["Connection"] == "close"
    assert served.metrics.answers[answer] == 1


@on_both_loops
async def test_bytes_in_a_target_that_a_browser_would_have_encoded_are_encoded() -> None:
    async with serving() as served:
        answers = await send(
            served.port,
            request("/x?utm_term=früh&z=\u2603%20", {"User-Agent": "\xfc"}, last=False) + request(b"/y?\xff"),
        )
    assert locations(answers) == [
        "https://e.example/x?utm_term=fr%C3%BCh&z=%E2%98%83%20",
        "https://e.example/y?%FF",
    ]


@pytest.mark.parametrize(
    "lines",
    [
        HEADER * 4,
        b"Cookie: a=" + b"b" * 8300 + b"\r\n",
        b"Cookie: a=" + b"b" * 32_000 + b"\r\n",
        b"".join(b"X-%d: y\r\n" % number for number in range(150)),
    ],
)
@on_both_loops
async def test_headers_of_up_to_32_kib_are_read_whatever_they_are(lines: bytes) -> None:
    async with serving() as served:
        (answer,) = await send(served.port, request("/x", lines=lines))
    assert answer.status == 302


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (request("/x", {"Content-Length": "3"}, "HEAD", last=False) + b"abc", 405),
        (request("/x", None, "HEAD", last=False, lines=HEADER * 5), 431),
        (request("/x y", None, "HEAD", last=False), 400),
    ],
)
@on_both_loops
async def test_a_refusal_of_head_has_no_body(data: bytes, status: int) -> None:
    async with serving() as served, asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(data)
        head, end, body = (await reader.read(-1)).partition(b"\r\n\r\n")
        writer.close()
    assert (head.split(b" ")[1], end, body) == (b"%d" % status, b"\r\n\r\n", b"")


@on_both_loops
async def test_large_requests_of_one_breath_take_turns_and_are_all_answered() -> None:
    async with serving() as served:
        answers = await send(
            served.port, request("/x", last=False, lines=HEADER * 4) * 20 + request("/last", lines=HEADER)
        )
    assert locations(answers) == ["https://e.example/x"] * 20 + ["https://e.example/last"]


@pytest.mark.parametrize("path", ["/bug", "/later-fails", "/later-breaks"])
@on_both_loops
async def test_a_bug_costs_one_answer_and_is_logged_without_an_address(path: str) -> None:
    async with serving() as served:
        served.host.may_answer.set()
        with capture_logs() as logs:
            answers = await send(served.port, request(path, last=False))
        assert locations(await send(served.port, request("/next"))) == ["https://e.example/next"]
    assert [answer.status for answer in answers] == [500]
    assert served.metrics.answers["failed"] == 1
    assert [(log["event"], str(log["exc_info"])[:4]) for log in logs] == [("request failed", "ours")]


@on_both_loops
async def test_an_answer_that_cannot_be_sent_costs_its_own_connection_and_no_other() -> None:
    async with serving() as served, asyncio.timeout(PATIENCE_S):
        streams = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(3)]
        with capture_logs() as logs:
            for (_, writer), path in zip(streams, ("/a", "/unsendable", "/b"), strict=True):
                writer.write(request(path))
            read = [await reader.read(-1) for reader, _ in streams]
        for _, writer in streams:
            writer.close()
    assert [locations(read_answers(data)) for data in read] == [["https://e.example/a"], [], ["https://e.example/b"]]
    assert [log["event"] for log in logs] == ["request failed"]
    assert served.metrics.answers["failed"] == 1


@pytest.mark.slow
@on_both_loops
async def test_a_request_that_does_not_come_to_its_end_is_cut_off_however_it_drips() -> None:
    async with serving(head_s=0.3) as served, asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(b"GET /")
        while not served.metrics.closed["too_slow"]:
            writer.write(b"x")
            await asyncio.sleep(0.05)
        with suppress(ConnectionError):
            assert await reader.read(-1) == b""
        writer.close()
    assert served.metrics.closed == {"idle": 0, "too_slow": 1, "too_many": 0}


@pytest.mark.slow
@on_both_loops
async def test_an_idle_connection_is_closed_and_one_that_is_being_answered_is_not() -> None:
    async with serving(head_s=0.2, keepalive_s=0.2) as served, asyncio.timeout(PATIENCE_S):
        answering, asked = await asyncio.open_connection("127.0.0.1", served.port)
        asked.write(request("/later", last=False))
        idle, other = await asyncio.open_connection("127.0.0.1", served.port)
        other.write(request("/x", last=False))
        assert (await idle.read(12)) == b"HTTP/1.1 302"
        await idle.read(-1)
        served.host.may_answer.set()
        assert await answering.read(12) == b"HTTP/1.1 302"
        asked.close()
        other.close()
    assert served.metrics.closed["idle"] == 1


@on_both_loops
async def test_connections_above_the_most_are_closed_and_there_is_room_again_when_others_leave() -> None:
    async with serving(most=2) as served, asyncio.timeout(PATIENCE_S):
        held = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(2)]
        await eventually(lambda: len(served.metrics.connections) == 2)
        reader, refused = await asyncio.open_connection("127.0.0.1", served.port)
        assert await reader.read(-1) == b""
        refused.close()
        for _, writer in held:
            writer.close()
        await eventually(lambda: not served.metrics.connections)
        assert locations(await send(served.port, request("/x"))) == ["https://e.example/x"]
    assert served.metrics.closed["too_many"] == 1


@on_both_loops
async def test_leaving_ends_what_is_idle_and_waits_for_what_is_being_answered() -> None:
    async with serving() as served, asyncio.timeout(PATIENCE_S):
        idle, unused = await asyncio.open_connection("127.0.0.1", served.port)
        answering, asked = await asyncio.open_connection("127.0.0.1", served.port)
        asked.write(request("/later", last=False))
        await eventually(lambda: served.host.peers)
        leaving = asyncio.create_task(served.connections.drain(0.1, 10))
        assert await idle.read(-1) == b""
        assert not leaving.done()
        served.host.may_answer.set()
        (answer,) = read_answers(await answering.read(-1))
        await leaving
        unused.close()
        asked.close()
    assert (answer.status, answer.headers["Connection"]) == (302, "close")


@pytest.mark.parametrize(
    "first",
    [
        request("/bug", last=False),
        request("/later", last=False, lines=b"Upgrade: websocket\r\nConnection: upgrade\r\n"),
    ],
)
@on_both_loops
async def test_what_stands_behind_the_last_answer_is_not_accepted_and_costs_no_other_visitor_his_answer(
    first: bytes,
) -> None:
    async with serving() as served, asyncio.timeout(PATIENCE_S):
        with capture_logs():
            _, hostile = await asyncio.open_connection("127.0.0.1", served.port)
            hostile.write(first + request("/later", last=False) + request("/x", last=False))
            await eventually(lambda: served.host.peers)
            others = [asyncio.create_task(send(served.port, request(f"/later{number}"))) for number in range(3)]
            await eventually(lambda: len(served.host.peers) == 1 + 3)
            served.host.may_answer.set()
            assert [locations(await other) for other in others] == [
                [f"https://e.example/later{number}"] for number in range(3)
            ]
        hostile.close()
    assert len(served.host.peers) == 1 + 3


@on_both_loops
async def test_a_visitor_who_has_gone_unseen_before_he_is_refused_costs_no_other_visitor_his_answer() -> None:
    async with serving() as served, asyncio.timeout(PATIENCE_S):
        gone = socket.create_connection(("127.0.0.1", served.port))
        gone.sendall(request("/later-fails", last=False))
        await eventually(lambda: len(served.host.peers) == 1)
        other = asyncio.create_task(send(served.port, request("/later")))
        await eventually(lambda: len(served.host.peers) == 2)
        served.host.before_sending = gone.close
        with capture_logs():
            served.host.may_answer.set()
            assert locations(await other) == ["https://e.example/later"]


@on_both_loops
async def test_what_a_visitor_asked_who_is_gone_is_not_accepted() -> None:
    async with serving() as served, asyncio.timeout(PATIENCE_S):
        gone = socket.create_connection(("127.0.0.1", served.port))
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gone.sendall(request("/x", last=False) * 500)
        gone.close()
        await asyncio.sleep(0.05)
        while len(served.metrics.connections):
            await asyncio.sleep(0.01)
        accepted = len(served.host.peers)
        await asyncio.sleep(0.1)
    assert len(served.host.peers) == accepted < 200


@pytest.mark.slow
@pytest.mark.parametrize("first", ["/later", "/x"])
@on_both_loops
async def test_from_a_visitor_whose_answers_cannot_be_sent_yet_no_more_is_read(first: str) -> None:
    async with serving() as served, asyncio.timeout(PATIENCE_S):
        _, writer = await asyncio.open_connection("127.0.0.1", served.port, limit=1)
        await eventually(lambda: served.connections._open)
        (connection,) = served.connections._open
        for transport in (writer.transport, connection.transport):
            hold_little(transport)
        writer.write(request(first, last=False))
        some = request("/" + "x" * 2000, last=False) * 10
        for _ in range(MORE_THAN_BUFFERS_HOLD // len(some)):
            writer.write(some)
            await asyncio.sleep(0)
        await asyncio.sleep(0.3)
        assert writer.transport.get_write_buffer_size() > MORE_THAN_BUFFERS_HOLD // 4  # type: ignore[attr-defined]  # it has one
        assert len(connection._requests) < 100
        writer.transport.abort()


def hold_little(transport: asyncio.BaseTransport | None) -> None:
    """Have the kernel hold little in both directions. Its buffers grow to what the machine allows otherwise."""
    assert transport
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, option, 65536)


@on_both_loops
async def test_a_refusal_reaches_a_visitor_who_sends_all_before_he_reads() -> None:
    data = request("/x", last=False) * 40 + request("/y", {"Content-Length": "16000000"}, last=False)

    def send_all(port: int) -> list[Answer]:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as visitor:
            visitor.sendall(data + bytes(MORE_THAN_BUFFERS_HOLD))
            return read_answers(b"".join(iter(lambda: visitor.recv(65536), b"")))

    async with serving() as served:
        answers = await asyncio.to_thread(send_all, served.port)
    assert [answer.status for answer in answers] == [302] * 40 + [405]


@pytest.mark.parametrize("part", [b"GET /x HTTP/1.1\r\nHo", b"\r\n"])
@on_both_loops
async def test_who_closes_his_half_within_a_request_is_not_waited_for(part: bytes) -> None:
    async with serving(head_s=60) as served:
        _, writer = await asyncio.open_connection("127.0.0.1", served.port)
        async with asyncio.timeout(PATIENCE_S):
            writer.write(part)
            writer.write_eof()
            await asyncio.sleep(0.01)
            while len(served.metrics.connections):
                await asyncio.sleep(0.01)
        writer.close()


@on_both_loops
async def test_leaving_answers_all_it_has_accepted() -> None:
    async with serving() as served:
        served.connections.is_draining = True
        served.host.may_answer.set()
        answers = await send(served.port, request("/1", last=False) + request("/later", last=False) + request("/3"))
        assert len(answers) == served.host.written
    assert [answer.headers.get("Connection") for answer in answers] == [None] * (len(answers) - 1) + ["close"]


@on_both_loops
async def test_leaving_waits_until_what_is_answered_is_sent() -> None:
    async with serving() as served, asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(request("/large", last=False))
        await eventually(lambda: served.host.peers)
        leaving = asyncio.create_task(served.connections.drain(0, PATIENCE_S))
        await asyncio.sleep(0.1)
        (answer,) = read_answers(await reader.read(-1))
        await leaving
        writer.close()
    assert answer.body == LARGE.body


class AlwaysRefusing(AdmissionControl):
    """Refuses every request of every turn while `is_on`."""

    is_on = True

    def begin_turn(self, now: int, *, is_backlogged: bool) -> int:
        return now if self.is_on else super().begin_turn(now, is_backlogged=is_backlogged)


@on_both_loops
async def test_a_refused_request_is_not_handled_and_its_connection_stays() -> None:
    admission = AlwaysRefusing()
    async with serving(admission) as served, asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(request("/1", last=False) + request("/2", method="HEAD", last=False))
        writer.write(request("/3", last=False))
        data = await reader.readuntil(b"</html>") + await reader.readuntil(b"</html>")
        admission.is_on = False
        writer.write(request("/4"))
        rest = read_answers(await reader.read(-1))
        writer.close()
    assert data.count(b"HTTP/1.1 503 ") == data.count(b"Retry-After: 1\r\n") == 3
    assert data.count(b"<!doctype html>") == 2
    assert locations(rest) == ["https://e.example/4"]
    assert len(served.host.peers) == 1
    assert served.metrics.answers["overloaded"] == 3


@on_both_loops
async def test_a_lookup_that_was_begun_is_finished_and_what_follows_is_refused_in_order() -> None:
    admission = AlwaysRefusing()
    admission.is_on = False
    async with serving(admission) as served:
        sent = asyncio.create_task(send(served.port, request("/later1", last=False) + request("/2")))
        await eventually(lambda: served.host.peers)
        admission.is_on = True
        served.host.may_answer.set()
        answers = await sent
    assert [answer.status for answer in answers] == [302, 503]
    assert served.host.accepted == 1


@on_both_loops
async def test_an_invalid_request_is_told_so_also_in_an_overload() -> None:
    async with serving(AlwaysRefusing()) as served:
        (answer,) = await send(served.port, request("/1", {"Content-Length": "1"}, "POST") + b"x")
    assert answer.status == 405
