"""Hostile input over a raw socket: 302, 400 or 404, never 500, and never an answer that somebody else chose."""

import asyncio
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from referrals.answers import UNKNOWN_HERE
from tests.ingest.builders import SHOES, found
from tests.ingest.serving import serving
from tests.ingest.wire import ask, request, send


@pytest.mark.parametrize(
    "code",
    [
        b"%00",
        b"a%0d%0ab",
        b"a%2fb",
        b"..%2f",
        b"%ff%fe",
        b"x" * 4096,
        b"../../etc/passwd",
        b"abc123%20",
        b"abc123;a",
        b"abc123/x",
        b"",
    ],
)
async def test_what_cannot_be_a_code_gets_404_and_nobody_is_asked(code: bytes) -> None:
    async with serving() as served:
        answer = await ask(served.port, b"/ref/" + code)
        (rejection,) = (await served.published()).rejections()
        assert served.asked == []
        assert served.answers() == {"rejected": 1}
    assert (answer.status, answer.location) == (404, None)
    assert (rejection.reason, rejection.asked) == ("R101", code.decode()[:128])


async def test_bytes_that_are_no_text_become_replacement_characters() -> None:
    async with serving() as served:
        answer = await ask(
            served.port,
            "/ref/abc123?sub1=%ff",
            {"User-Agent": b"\xff\xfe", "Referer": b"\xed\xa0\x80x", "Accept-Language": b"\xc3", "Sec-CH-UA": b"\xff"},
        )
        (click,) = (await served.published()).clicks()
    assert (answer.status, answer.location) == (302, SHOES)
    assert (click.user_agent, click.referrer, click.sub1) == ("\ufffd\ufffd", "\ufffd\ufffd\ufffdx", "\ufffd")
    assert (click.accept_language, click.client_hints and click.client_hints.ua) == ("\ufffd", "\ufffd")


@pytest.mark.parametrize(
    ("query", "sub1"),
    [(b"sub1=x%00y", "xy"), (b"sub1=%0d%0aSet-Cookie:%20a=b", "Set-Cookie: a=b"), (b"sub1=%9b%c2%9b1m", "\ufffd1m")],
)
async def test_control_characters_are_removed(query: bytes, sub1: str) -> None:
    async with serving() as served:
        answer = await ask(served.port, b"/ref/abc123?" + query)
        (click,) = (await served.published()).clicks()
    assert (answer.status, click.sub1, click.query) == (302, sub1, query.decode())


async def test_a_long_user_agent_is_cut_and_a_longer_one_is_400() -> None:
    async with serving() as served:
        long = await ask(served.port, "/ref/abc123", {"User-Agent": "B" * 8_100})
        longer = await ask(served.port, "/ref/abc123", {"User-Agent": "B" * 9_000})
        (click,) = (await served.published()).clicks()
        assert served.answers() == {"accepted": 1, "unreadable": 1}
    assert (long.status, longer.status) == (302, 400)
    assert (click.user_agent, click.truncated) == ("B" * 512, ["user_agent"])


@pytest.mark.parametrize(
    "data",
    [
        request("/ref/abc123", {"User-Agent": "a\0b"}),
        request("/ref/abc123", {"User-Agent": "a\x1b[31m"}),
        request("/ref/abc123", {"X-Forwarded-For": "203.0.113.9\x01"}),
        request(b"/ref/\xff\xfe"),
        request("/ref/abc123 x"),
        request(b"/ref/abc123?" + b"x" * 9_000),
        request("*"),
        b"GET /ref/abc123 HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"nonsense\r\n\r\n",
        request("/ref/abc123", {f"H{number}": "x" for number in range(200)}),
    ],
)
async def test_what_is_no_request_gets_400_and_is_counted_and_named_nowhere(
    data: bytes, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    async with serving() as served:
        answers = await send(served.port, data, source="127.66.6.6")
        assert (await served.published()).records == []
        assert served.answers() == {"unreadable": 1}
    assert [answer.status for answer in answers] == [400]
    logged = caplog.text + "".join(capfd.readouterr())
    assert "127.66.6.6" not in logged
    assert "203.0.113.9" not in logged


async def test_a_failure_of_ours_is_500_and_counted() -> None:
    async with serving({"abc123": "no answer at all"}) as served:  # type: ignore[dict-item] - a bug, on purpose
        answer = await ask(served.port, "/ref/abc123")
        assert served.answers() == {"failed": 1}
    assert answer.status == 500


async def test_half_a_request_holds_up_nobody_else_and_is_answered_when_it_is_whole() -> None:
    data = request("/ref/abc123")
    async with serving() as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(data[:20])
        assert (await ask(served.port, "/ref/abc123")).status == 302
        writer.write(data[20:])
        assert (await reader.read(-1)).startswith(b"HTTP/1.1 302")
        writer.close()


def without(*stops: int) -> st.SearchStrategy[bytes]:
    return st.binary(max_size=60).map(lambda data: bytes(byte for byte in data if byte not in stops))


pieces = st.one_of(
    without(10, 13, 32, 0),
    st.sampled_from(
        [b"https://evil.example", b"//evil.example", b"%0d%0aLocation:%20https://evil.example", b"..", b"@evil.example",
         b"sub1=//evil.example", b"u=https://evil.example", b"sub1=..", b"sub2=%2e%2e", b"&", b"?", b"#", b"/"]
    ),
)  # fmt: skip


@settings(max_examples=150, deadline=None, database=None)
@given(
    code=st.sampled_from([b"plain", b"macros", b"nobody"]),
    rest=st.lists(pieces, max_size=6),
    host=without(10, 13),
    referrer=without(10, 13),
)
async def test_no_request_chooses_where_a_visitor_goes(
    code: bytes, rest: list[bytes], host: bytes, referrer: bytes
) -> None:
    macros = "https://shop.example:8443/{sub1}/x/{sub2}?e={external_id}"
    codes = {"plain": found(), "macros": found(target_url=macros), "nobody": UNKNOWN_HERE}
    fields = {
        "Host": host,
        "Referer": referrer,
        "X-Forwarded-Host": b"evil.example",
        "X-Original-URL": b"//evil.example",
    }
    async with serving(codes) as served:
        answer = await ask(served.port, b"/ref/" + code + b"?" + b"".join(rest), fields)
    assert answer.status in (302, 400, 404)
    if answer.location is not None:
        parts = urlsplit(answer.location)
        assert (parts.scheme, parts.hostname) == ("https", "shop.example")
        assert parts.port == (8443 if code == b"macros" else None)
        assert code == b"macros" or answer.location == SHOES
