"""Whatever is sent to any address of the console: an answer of its own, never a failure of the program."""

import asyncio
import re
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.web.routes import ROUTES
from tests.console.builders import NOW, ulid_at
from tests.console.running import Console
from tests.examples import few
from tests.waiting import PATIENCE_S

LAST_ULID = "7" + "Z" * 25
LAST_OF_9999 = "76EZ91ZPZZ" + "Z" * 16
"""The first is of after the year 9999, which Python has no time for; the second of its last millisecond."""

ULIDS = (ulid_at(NOW), ulid_at(NOW).lower(), f"{ulid_at(NOW)}.t1ABCDEFGHJKMNPQRS", "0" * 26, LAST_ULID, LAST_OF_9999)
WORDS = (
    *("", "people", "bots", "wrong", "accepted", "rejected", "PT", "spring-26", "R102", "clicks.raw", "console.css"),
    *("3", "42", "-1", "0", "9" * 9, "9" * 18, "9" * 5000, "٣", "x" * 5000, "//evil.example", "/clicks?code=a", "/\\"),
)
NASTY = (*"%+&;", *["%00", "%0d%0a", "%ff%fe", "%ed%a0%80", "%f0%9f%92%a3", "%e2%80%ae", "%2e%2e%2f", "%2f", "%3f"])
ODD_TARGETS = ("*", "//", "//evil.example/clicks", "http://evil.example/clicks", "/%", "/clicks/../..", "/?", "/;/#x")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
FIELDS = (
    *("code", "affiliate", "program", "country", "visitors", "outcome", "before", "reason", "after", "next"),
    *("password", "csrf", "unknown", ""),
)
HEADERS = [
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Authorization",
    "Content-Encoding",
    "Cookie",
    "Expect",
    "Forwarded",
    "Host",
    "If-Modified-Since",
    "If-None-Match",
    "Last-Event-ID",
    "Origin",
    "Range",
    "Referer",
    "Sec-Fetch-Site",
    "Transfer-Encoding",
    "User-Agent",
    "X-CSRF-Token",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Prefix",
    "X-Forwarded-Proto",
]
CONTENT_TYPES = (
    *("application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=klingon"),
    *("application/x-www-form-urlencoded; charset=utf-16", "application/x-www-form-urlencoded; charset="),
    *("application/x-www-form-urlencoded; charset=idna", "application/x-www-form-urlencoded; charset=zlib"),
    *("multipart/form-data", "multipart/form-data; boundary=x", "multipart/form-data; boundary=" + "x" * 200),
    *("multipart/mixed; boundary=x", "application/json", "text/plain; charset=unicode_escape", "/", ";", ""),
)
MULTIPART = (
    b'--x\r\nContent-Disposition: form-data; name="password"\r\nContent-Encoding: gzip\r\n\r\nno gzip\r\n--x--\r\n'
)

words = st.sampled_from(WORDS + ULIDS).map(lambda word: quote(word, safe=""))
values = st.one_of(
    words,
    st.sampled_from(NASTY),
    st.binary(max_size=30).map(quote),
    st.text(max_size=10).map(lambda t: quote(t, errors="replace")),
)
pairs = st.lists(st.tuples(st.sampled_from(FIELDS), values), max_size=4)
queries = pairs.map(lambda given: "&".join(f"{name}={value}" for name, value in given))
header_values = st.one_of(
    st.sampled_from(WORDS + ULIDS).map(str.encode),
    st.binary(max_size=60).map(lambda value: re.sub(rb"[\x00-\x08\x0a-\x1f\x7f]", b"", value)),
    st.sampled_from((b"clickrail_session=x", b"clickrail_session=" + b"A" * 43, b'=;=,"', b"bytes=0-", b"\xff\xfe")),
)
headers = st.lists(st.tuples(st.sampled_from(HEADERS), header_values), max_size=4)
bodies = st.one_of(
    queries.map(str.encode), st.binary(max_size=100), st.just(MULTIPART), st.just(b"csrf=" + b"x" * 40_000)
)


class Request(msgspec.Struct, frozen=True):
    """One request as it goes over the line, but for the cookie of who is logged in."""

    method: str
    target: str
    headers: tuple[tuple[str, bytes], ...] = ()
    body: bytes = b""

    def write(self, cookie: bytes) -> bytes:
        lines = [f"{self.method} {self.target} HTTP/1.1".encode()]
        given = {name.lower() for name, _ in self.headers}
        lines += [name.encode() + b": " + value for name, value in self.headers]
        lines += [] if "host" in given else [b"Host: console.example"]
        lines += [b"Cookie: " + cookie] if cookie else []
        lines += [b"Content-Length: %d" % len(self.body)] if self.body else []
        return b"\r\n".join([*lines, b"Connection: close", b"", self.body])


@st.composite
def requests(draw: st.DrawFn) -> Request:
    route = draw(st.sampled_from(ROUTES))
    if draw(st.integers(0, 9)) == 0:
        return Request(draw(st.sampled_from(METHODS)), draw(st.sampled_from(ODD_TARGETS)), tuple(draw(headers)))
    path = re.sub(r"\{[^{}]*(?:\{[^}]*\})?[^{}]*\}", lambda _: draw(values), route.path)
    query = draw(queries)
    method = draw(st.one_of(st.just(route.method), st.sampled_from(METHODS)))
    fields = list(draw(headers))
    body = draw(bodies) if method in ("POST", "PUT") else b""
    if body:
        fields.append(("Content-Type", draw(st.sampled_from(CONTENT_TYPES)).encode()))
    return Request(method, path + (f"?{query}" if query else ""), tuple(fields), body)


async def ask(console: Console, request: Request, cookie: bytes) -> int:
    """Send a request and give the status of its answer; 0 where the line was closed without any."""
    server = console.client.server
    reader, writer = await asyncio.open_connection(server.host, server.port)
    try:
        writer.write(request.write(cookie))
        async with asyncio.timeout(PATIENCE_S):
            line = await reader.readline()
        return int(line.split()[1]) if line else 0
    except ConnectionResetError:
        return 0
    finally:
        writer.close()


def session_cookie(console: Console) -> bytes:
    return "; ".join(f"{cookie.key}={cookie.value}" for cookie in console.client.session.cookie_jar).encode()


def form(content_type: str, body: bytes = b"password=a&next=/") -> Request:
    return Request("POST", "/login", (("Content-Type", content_type.encode()),), body)


SHARED = settings(max_examples=few(200), suppress_health_check=list(HealthCheck))
"""A fixture lasts for all examples, which is what is meant: one console is asked again and again."""

BAD_FORMS = tuple(form(content_type, MULTIPART) for content_type in CONTENT_TYPES)
LAST_PLACE = Request("GET", "/live/clicks", (("Last-Event-ID", b"EPOCH-" + b"9" * 5000),))


@SHARED
@given(request_=requests(), logged_in=st.booleans())
async def test_without_servers_no_request_makes_it_fail(
    offline_console: Console, request_: Request, logged_in: bool
) -> None:
    if not list(offline_console.client.session.cookie_jar):
        await offline_console.log_in()
    status = await ask(offline_console, request_, session_cookie(offline_console) if logged_in else b"")

    assert status < 500 or status == 503


@pytest.mark.servers
@SHARED
@given(request_=requests())
async def test_with_servers_no_request_makes_it_fail_nor_is_a_server_blamed(
    console: Console, request_: Request
) -> None:
    assert await ask(console, request_, session_cookie(console)) < 500


@pytest.mark.slow
@pytest.mark.parametrize("content_type", CONTENT_TYPES)
@pytest.mark.parametrize("body", [b"password=a&next=/", MULTIPART, b"password=%ff&next=%ff", b"\xff\x00"])
async def test_a_form_is_read_whatever_it_says_to_be(offline_console: Console, content_type: str, body: bytes) -> None:
    assert await ask(offline_console, form(content_type, body), b"") in (403, 413, 415, 503)


@pytest.mark.servers
async def test_an_id_of_any_time_is_looked_for(console: Console) -> None:
    for ulid in (LAST_ULID, LAST_OF_9999, "0" * 26):
        for path in ("/clicks/{}", "/parts/clicks/{}", "/clicks?before={}", "/live/clicks?before={}"):
            status = await ask(console, Request("GET", path.format(ulid)), session_cookie(console))
            assert (path, ulid, status) == (path, ulid, 200 if "?" in path else 404)


async def test_a_place_in_the_stream_of_too_many_digits_is_no_place(offline_console: Console) -> None:
    await offline_console.log_in()
    place = offline_console.environment.broadcast.format_position(0)[:-1].encode()
    for digits in (b"9" * 5000, "\u0663".encode(), b"-1", b""):
        request = Request("GET", "/live/clicks", (("Last-Event-ID", place + digits),))
        assert await ask(offline_console, request, session_cookie(offline_console)) == 200


async def test_an_expectation_nobody_knows_is_refused_whatever_it_is_made_of(offline_console: Console) -> None:
    for value, status in ((b"100-continue", 100), (b"\xff", 417), (b"miracles", 417)):
        assert await ask(offline_console, Request("GET", "/login", (("Expect", value),)), b"") == status
