"""Hostile input over a raw socket gets 302, 400 or 404, never 500, and never a response chosen by the sender."""

import asyncio

import pytest

from tests.ingest.builders import SHOES
from tests.ingest.serving import serving
from tests.ingest.wire import ask, request, send


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


async def test_bytes_that_a_browser_would_have_encoded_are_read_as_if_it_had() -> None:
    async with serving() as served:
        answer = await ask(served.port, "/ref/abc123?sub1=früh")
        (click,) = (await served.published()).clicks()
        assert (await ask(served.port, b"/ref/\xff\xfe")).status == 404
    assert (answer.status, click.sub1, click.query) == (302, "früh", "sub1=fr%C3%BCh")


@pytest.mark.parametrize(
    ("query", "sub1"),
    [(b"sub1=x%00y", "xy"), (b"sub1=%0d%0aSet-Cookie:%20a=b", "Set-Cookie: a=b"), (b"sub1=%9b%c2%9b1m", "\ufffd1m")],
)
async def test_control_characters_are_removed(query: bytes, sub1: str) -> None:
    async with serving() as served:
        answer = await ask(served.port, b"/ref/abc123?" + query)
        (click,) = (await served.published()).clicks()
    assert (answer.status, click.sub1, click.query) == (302, sub1, query.decode())


@pytest.mark.parametrize(
    "data",
    [
        request("/ref/abc123", {"User-Agent": "a\0b"}),
        request("/ref/abc123", {"User-Agent": "a\x1b[31m"}),
        request("/ref/abc123", {"X-Forwarded-For": "203.0.113.9\x01"}),
        request("/ref/abc123 x"),
        request("*"),
        b"GET /ref/abc123 HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"nonsense\r\n\r\n",
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


@pytest.mark.parametrize(
    "data",
    [
        request(b"/ref/abc123?" + b"x" * 30_000),
        request("/ref/abc123", {"Cookie": "a=" + "x" * 30_000}),
        request("/ref/abc123", {f"H{number}": "x" for number in range(2000)}),
    ],
)
async def test_a_request_of_up_to_32_kib_is_a_click_whatever_it_is_made_of(data: bytes) -> None:
    async with serving() as served:
        (answer,) = await send(served.port, data)
        assert len((await served.published()).clicks()) == 1
    assert (answer.status, answer.location) == (302, SHOES)


async def test_a_failure_of_ours_is_500_and_counted() -> None:
    async with serving({"abc123": "no answer at all"}) as served:  # type: ignore[dict-item]  # a bug, on purpose
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
