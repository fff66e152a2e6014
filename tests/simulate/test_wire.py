import pytest

from simulate.wire import Head, Unreadable, read_head, write_request
from tests.simulate.builders import planned

REDIRECT = (
    b"HTTP/1.1 302 Found\r\nLocation: https://shop.example/?m=a%20b\r\nset-cookie: a=1; Path=/\r\n"
    b"Set-Cookie: b=2\r\nContent-Length: 3\r\n\r\n"
)


def test_a_request_is_written_line_by_line() -> None:
    written = write_request(planned(headers=(("User-Agent", "x"),)), "127.0.0.1:8080")
    assert written == b"GET /ref/demo HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: x\r\n\r\n"


def test_a_cookie_goes_with_it() -> None:
    assert b"\r\nCookie: cr-shop=v1\r\n" in write_request(planned(), "h", "cr-shop=v1")


def test_what_may_have_a_body_says_that_it_has_none() -> None:
    assert b"\r\nContent-Length: 0\r\n\r\n" in write_request(planned(method="POST"), "h")


def test_bytes_that_are_not_utf8_leave_as_they_are() -> None:
    assert b"User-Agent: \xff\xfe\r\n" in write_request(planned(headers=(("User-Agent", "\udcff\udcfe"),)), "h")


def test_a_head_is_read() -> None:
    expected = Head(302, "https://shop.example/?m=a%20b", ("a=1; Path=/", "b=2"), len(REDIRECT), 3, closes=False)
    assert read_head(REDIRECT + b"abc", "GET") == expected


def test_half_a_head_is_none_yet() -> None:
    assert [read_head(REDIRECT[:size], "GET") for size in range(len(REDIRECT))] == [None] * len(REDIRECT)


def test_the_answer_to_head_has_no_body() -> None:
    head = read_head(REDIRECT, "HEAD")
    assert isinstance(head, Head)
    assert head.body == 0


@pytest.mark.parametrize(
    ("received", "body", "closes"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", None, False),
        (b"HTTP/1.1 200 OK\r\n\r\n", None, False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 0, False),
        (b"HTTP/1.1 304\r\nConnection: close\r\n\r\n", 0, True),
        (b"HTTP/1.1 405 Nope\r\nConnection: Close\r\nContent-Length: 12\r\n\r\n", 12, True),
        (b"HTTP/1.0 302 Found\r\nContent-Length: 0\r\n\r\n", 0, True),
        (b"HTTP/1.0 302 Found\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", 0, False),
        (b"HTTP/1.1 100 Continue\r\n\r\n", 0, False),
    ],
)
def test_an_answer_says_where_it_ends(received: bytes, body: int | None, *, closes: bool) -> None:
    head = read_head(received, "GET")
    assert isinstance(head, Head)
    assert (head.body, head.closes) == (body, closes)


@pytest.mark.parametrize(
    "received",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n",
        b"x" * 70_000,
    ],
)
def test_what_is_no_answer_is_a_value_with_a_reason(received: bytes) -> None:
    assert isinstance(read_head(received, "GET"), Unreadable)
