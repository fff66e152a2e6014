"""The meaning of a request does not depend on how its bytes arrive: cut anywhere, alone or pipelined."""

import asyncio
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from aiohttp.http import RawRequestMessage
from hypothesis import given
from hypothesis import strategies as st

from ingest.http.connection import Connection
from ingest.http.http_parser import HEAD_BYTES
from ingest.http.response import Response, redirect_to
from tests.examples import examples
from tests.ingest.wire import Answer, read_answers, request

GOOD = [
    request("/ref/abc123"),
    request("/ref/abc123", last=False),
    request("/ref/abc123?sub1=früh&utm_term=\u2603%20"),
    request(b"/ref/abc123?sub1=\xff\xfe"),
    request("/ref/abc123?sub1=a#früh"),
    request("/ref/ü/"),
    request("http://go.shop.example/ref/abc123?sub1=ü"),
    request("/ref/abc123?sub1=ü", method="HEAD"),
    request("/ref/abc123", {"User-Agent": "Mozilla/5.0 (früh) \u2603", "Referer": b"https://e.example/\xff"}),
    request("/ref/abc123", {"X-Forwarded-For": "1.1.1.1, 2.2.2.2"}, lines=b"x-forwarded-for: 3.3.3.3\r\n"),
    request("/ref/abc123", {"Forwarded": 'for="[2001:db8::1]:4711";proto=https, for=10.0.0.1'}),
    request("/ref/abc123", {"Cookie": "a=b; __Host-cr-acme=v1.k1.abc"}, lines=b"Cookie: c=d\r\nCookie:\r\n"),
    request("/ref/abc123", {"Sec-Purpose": "prefetch;prerender", "Sec-GPC": "1", "DNT": "1"}),
    request("/ref/abc123", {"Accept-Language": "", "Sec-CH-UA": ' "A";v="1" \t', "Sec-CH-UA-Mobile": "?0"}),
    request("/ref/abc123", {"Connection": "Upgrade", "Upgrade": "websocket"}),
    request("/ref/abc123", {"Content-Length": "0", "Expect": "100-continue"}),
    b"\r\n\r\n" + request("/ref/abc123?sub1=ü"),
    b"GET /ref/abc123 HTTP/1.0\r\n\r\n",
    b"GET /ref/abc123?\xc3\xbc HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
]
"""Requests that are answered as they ask; the meaning of each is all that the parser hands on."""
BAD = [
    b"nonsense\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET /ref/abc123 HTTP/1.1\r\n\r\n",
    b"GET /ref/abc123 HTTP/1.1\nHost: h\n\n",
    b"GET /ref/abc123\n HTTP/1.1\r\nHost: h\r\n\r\n",
    request("/ref/abc123 x"),
    request("/ref/abc123", {"User-Agent": "a\0b"}),
    request("/ref/abc123", {"X": "a\r\n folded"}),
    request("/ref/ü", {"Content-Length": "3"}, "POST") + b"abc",
    request("/ref/abc123", {"Transfer-Encoding": "chunked"}, "HEAD") + b"0\r\n\r\n",
    request("/ref/abc123", lines=b"X: " + b"x" * HEAD_BYTES + b"\r\n"),
    b"GET /ref/abc123 HTTP/1.1\r\nX: " + b"x" * HEAD_BYTES,
]
"""Requests refused for their form."""


class Wire(asyncio.Transport):
    """A connection's other end: what was written, and whether it is still open."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_open = True

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 4711) if name == "peername" else default

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def write_eof(self) -> None:
        self.is_open = False

    def is_closing(self) -> bool:
        return not self.is_open

    def close(self) -> None:
        self.is_open = False

    abort = close

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


class Host:
    """Answers every request, and remembers what it was asked. A connection has its turn after each piece."""

    is_draining = False
    head_s = keepalive_s = 60.0

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.expecting: list[Connection] = []
        self.schedule_turn = self.expecting.append

    def handle(self, request: RawRequestMessage, peer: str | None) -> Response:
        self.asked.append(repr(request))
        return redirect_to("https://e.example/")

    def observe(self, nanoseconds: int) -> None:
        pass

    def count_invalid(self, status: int) -> None:
        pass

    def count_refused(self) -> None:
        pass

    def trace_refused(self, request: RawRequestMessage, peer: str | None) -> None:
        pass

    def make_replayed_segment(self) -> None:
        pass

    def count_failure(self, error: Exception) -> None:
        raise error

    def admit(self, connection: Connection) -> bool:
        return True

    def discard(self, connection: Connection) -> None:
        pass


def meaning_of(*pieces: bytes) -> tuple[list[str], list[Answer], bool]:
    """Give what was asked, what was answered and whether the connection stays, when bytes arrive in these pieces."""
    host, wire = Host(), Wire()
    connection = Connection(host, asyncio.get_running_loop())
    connection.connection_made(wire)
    for piece in pieces:
        connection.data_received(piece)
        while host.expecting:
            host.expecting.pop()
            connection.read_requests()
            connection.handle_requests()
            connection.send_responses()
    without_date = b"\r\n".join(line for line in wire.written.split(b"\r\n") if not line.startswith(b"Date: "))
    return host.asked, read_answers(without_date), wire.is_open


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    ends = sorted({*places, 0, len(data)})
    return [data[first:last] for first, last in pairwise(ends)]


@pytest.mark.parametrize("data", GOOD)
async def test_a_good_request_means_the_same_wherever_it_is_cut(data: bytes) -> None:
    asked, answers, stays = meaning_of(data)
    assert ([answer.status for answer in answers], len(asked)) == ([302], 1)
    for place in range(1, len(data)):
        assert meaning_of(data[:place], data[place:]) == (asked, answers, stays)
    assert meaning_of(*cut(data, range(len(data)))) == (asked, answers, stays)


@pytest.mark.parametrize("data", BAD)
async def test_what_is_no_request_is_refused_alike_wherever_it_is_cut(data: bytes) -> None:
    _, (answer,), stays = meaning_of(data)
    assert (answer.status >= 400, stays) == (True, False)
    for place in [*range(1, min(len(data), 300)), *range(max(1, len(data) - 20), len(data))]:
        assert meaning_of(data[:place], data[place:]) == ([], [answer], False)


@examples(500)
@given(data=st.data())
async def test_requests_one_behind_another_mean_the_same_however_all_of_them_are_cut(data: st.DataObject) -> None:
    requests = data.draw(st.lists(st.sampled_from([*GOOD, *BAD[:10]]), min_size=1, max_size=4))
    sent = b"".join(requests)
    places = data.draw(st.lists(st.integers(0, len(sent)), max_size=3))

    assert meaning_of(*cut(sent, places)) == meaning_of(*requests)


tokens = st.sampled_from(
    [
        *(b"GET ", b"HEAD ", b"/ref/a", b"http://", b"?", b"%", b"\xc3", b"\xbc", b" HTTP/1.1", b" HTTP/1.0"),
        *(b"Host: h", b"Cookie: a=b", b"Connection: ", b"Content-Length: 1", b":", b" ", b"\t", b"x", b"\0"),
        *(b"\r\n\r\n", b"\r\n", b"\r", b"\n"),
    ]
)


@examples(500)
@given(pieces=st.lists(tokens | st.binary(max_size=3), max_size=25), places=st.lists(st.integers(0, 200), max_size=6))
async def test_any_bytes_mean_the_same_however_they_are_cut(pieces: list[bytes], places: list[int]) -> None:
    sent = b"".join(pieces) + b"\r\n\r\n"
    assert meaning_of(*cut(sent, [place for place in places if place < len(sent)])) == meaning_of(sent)
