"""From the bytes of a connection to requests."""

import asyncio

import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import RawRequestMessage

from ingest.http.http_parser import HEAD_BYTES, InvalidRequest, RequestParser, encode_first_line

HEAD = b"GET /ref/a HTTP/1.1\r\nHost: h\r\n\r\n"


def make_parser() -> RequestParser:
    loop = asyncio.get_running_loop()
    return RequestParser(BaseProtocol(loop), loop)


def of_size(size: int, fields: int = 1) -> bytes:
    """Write a request of so many bytes, in so many fields besides Host."""
    bare = len(HEAD) + fields * len("x-1234: \r\n")
    lines = [b"x-%04d: \r\n" % number for number in range(fields)]
    lines[0] = lines[0].replace(b" ", b" " + b"y" * (size - bare))
    return HEAD[:-2] + b"".join(lines) + b"\r\n"


async def test_requests_are_read_one_by_one_and_what_is_not_whole_is_waited_for() -> None:
    parser = make_parser()
    parser.feed(b"\r\n" + HEAD + HEAD + HEAD[:-1])
    for _ in range(2):
        request = parser.parse_next()
        assert isinstance(request, RawRequestMessage)
        assert (request.path, parser.has_partial, parser.size) == ("/ref/a", False, len(HEAD))
    assert (parser.parse_next(), parser.has_partial, parser.has_unread) == (None, True, False)
    parser.feed(HEAD[-1:])
    assert (parser.has_unread, isinstance(parser.parse_next(), RawRequestMessage), parser.has_unread) == (
        True,
        True,
        False,
    )


async def test_empty_lines_begin_nothing() -> None:
    parser = make_parser()
    parser.feed(b"\r\n\r\n\r")
    assert (parser.parse_next(), parser.has_partial, parser.has_unread) == (None, False, False)


@pytest.mark.parametrize("fields", [1, 2, 150, 2000])
async def test_a_head_of_32_kib_is_read_whatever_it_is_made_of_and_a_larger_one_is_not(fields: int) -> None:
    for size, expected in ((HEAD_BYTES - 1, None), (HEAD_BYTES, None), (HEAD_BYTES + 1, InvalidRequest(431))):
        parser, head = make_parser(), of_size(size, fields)
        parser.feed(head)
        request = parser.parse_next()
        assert len(head) == size
        assert (request if isinstance(request, InvalidRequest) else None) == expected
        if isinstance(request, RawRequestMessage):
            assert len(request.headers) == fields + 1


@pytest.mark.parametrize("target", [b"/ref/a?" + b"x" * 32_000, b"/ref/a?" + b"\xff" * 32_000])
async def test_a_target_of_nearly_32_kib_is_read_encoded_or_not(target: bytes) -> None:
    parser = make_parser()
    parser.feed(b"GET %s HTTP/1.1\r\nHost: h\r\n\r\n" % target)
    request = parser.parse_next()
    assert isinstance(request, RawRequestMessage)
    assert request.path == target.decode("latin-1").replace("\xff", "%FF")


async def test_what_never_ends_is_refused_at_32_kib_and_not_before() -> None:
    parser, head = make_parser(), of_size(HEAD_BYTES + 1)
    parser.feed(head[: HEAD_BYTES - 1])
    assert parser.parse_next() is None
    parser.feed(b"y")
    assert parser.parse_next() == InvalidRequest(431)


@pytest.mark.parametrize(
    "part", [b"\x16\x03\x01", b"get /", b" GET /", b"GET /ref/a HTTP/1.1\n", b"GET / HTTP/1.1\r\nA: b\n"]
)
async def test_what_cannot_become_a_request_is_refused_before_its_end(part: bytes) -> None:
    parser = make_parser()
    parser.feed(part)
    assert parser.parse_next() == InvalidRequest(400)


@pytest.mark.parametrize(
    ("head", "refused"),
    [
        (b"HEAD /ref/a\r\n x HTTP/1.1\r\n\r\n", InvalidRequest(400, wants_body=False)),
        (b"HEAD /ref/a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n", InvalidRequest(405, wants_body=False)),
        (b"HEAD /ref/a?" + b"x" * HEAD_BYTES, InvalidRequest(431, wants_body=False)),
        (b"POST /ref/a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n", InvalidRequest(405)),
    ],
)
async def test_a_refusal_has_no_body_where_head_was_asked_for(head: bytes, refused: InvalidRequest) -> None:
    parser = make_parser()
    parser.feed(head)
    given = parser.parse_next()
    assert isinstance(given, InvalidRequest)
    assert (given.status, given.wants_body) == (refused.status, refused.wants_body)


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
async def test_what_is_refused_for_its_body_says_what_was_asked(method: str) -> None:
    parser = make_parser()
    parser.feed(f"{method} /ref/a?b=c HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n".encode())
    given = parser.parse_next()
    assert isinstance(given, InvalidRequest)
    assert given.with_body is not None
    assert (given.status, given.with_body.method, given.with_body.path) == (405, method, "/ref/a?b=c")
    assert given.with_body.headers["Host"] == "h"


@pytest.mark.parametrize(
    ("head", "encoded"),
    [
        ("GET /ref/a?b=ü HTTP/1.1\r\nX: ü\r\n", "GET /ref/a?b=%C3%BC HTTP/1.1\r\nX: ü\r\n"),
        ("HEAD /\u2603%20 HTTP/1.1\r\n", "HEAD /%E2%98%83%20 HTTP/1.1\r\n"),
        ("GET /a HTTP/1.1\r\nGET /ü: x\r\n", "GET /a HTTP/1.1\r\nGET /ü: x\r\n"),
        ("POST /ü HTTP/1.1\r\n", "POST /%C3%BC HTTP/1.1\r\n"),
    ],
)
def test_only_the_first_line_is_encoded(head: str, encoded: str) -> None:
    assert encode_first_line(head.encode()) == encoded.encode()
