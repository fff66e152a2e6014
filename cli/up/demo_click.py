"""Follows one demo click from its 302 to its row. It is a test click: no total counts it."""

import asyncio
import time
from datetime import datetime
from pathlib import Path

import aiohttp
import asyncpg
import msgspec

from identity.cookie import CookieKeys, open_cookies
from identity.cookie_header import cookie_name
from identity.keyfile import read_ring
from identity.probe_link import make_test_proof
from identity.token import TokenKeys
from identity.verification import VerificationError

TIMEOUT_S = 60.0
POLL_S = 0.02
PROOF_S = 300
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
HEADERS = {"User-Agent": BROWSER, "Referer": "https://www.example.com/", "X-Forwarded-For": "203.0.113.7"}
QUERY = "SELECT clicked_at, published_at, enriched_at, stored_at FROM clicks WHERE click_id = $1"


class DemoLink(msgspec.Struct, frozen=True):
    """The link to click: `url` is ingest's own address, `https` is whether the public URL is https."""

    url: str
    code: str
    program_id: str
    https: bool


class ClickTrace(msgspec.Struct, frozen=True):
    """How the click went: milliseconds to the response, then when each stage had it."""

    click_id: str
    location: str
    answer_ms: float
    clicked_at: datetime
    published_at: datetime
    enriched_at: datetime
    stored_at: datetime


class ClickNotStored(msgspec.Struct, frozen=True):
    """Why the click did not become a row, in a sentence. The stack runs anyway."""

    reason: str


class Answer(msgspec.Struct, frozen=True):
    """The response to the visitor: `cookie` is name and value, or empty."""

    status: int
    location: str
    cookie: str
    ms: float


async def follow_click(link: DemoLink, keys_file: Path, database_url: str) -> ClickTrace | ClickNotStored:
    """Request a test link as a browser would, and wait for the row."""
    ring, now_s = read_ring(keys_file), int(time.time())
    proof = make_test_proof(TokenKeys(ring), link.code, now_s + PROOF_S)
    try:
        answer = await click(f"{link.url}/ref/{link.code}?cr_test={proof}")
    except (aiohttp.ClientError, TimeoutError) as error:
        return ClickNotStored(f"the demo click was not answered ({error or type(error).__name__}): see ingest.log")
    opened = open_cookies(CookieKeys(ring), cookie_name(link.program_id, https=link.https), [answer.cookie], now_s)
    if opened is None or isinstance(opened, VerificationError):
        return ClickNotStored(
            f"the demo click was answered {answer.status} {answer.location}".rstrip() + ", without a cookie: "
            f"`clickrail code check {link.code}` explains the answer"
        )
    row = await wait_for_row(database_url, opened.click_id)
    if row is None:
        return ClickNotStored(
            f"click {opened.click_id} was answered, but is not in the table after {TIMEOUT_S:.0f} s: "
            "look at `clickrail status`, enricher.log and sink.log"
        )
    return ClickTrace(opened.click_id, answer.location, answer.ms, *row)


async def click(url: str) -> Answer:
    started = time.perf_counter()
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
        session.get(url, headers=HEADERS, allow_redirects=False) as answer,
    ):
        return Answer(
            answer.status,
            answer.headers.get("Location", ""),
            answer.headers.get("Set-Cookie", "").partition(";")[0],
            (time.perf_counter() - started) * 1000,
        )


async def wait_for_row(database_url: str, click_id: str) -> asyncpg.Record | None:
    connection = await asyncpg.connect(database_url, timeout=10)
    deadline = time.monotonic() + TIMEOUT_S
    try:
        while (row := await connection.fetchrow(QUERY, click_id)) is None:
            if time.monotonic() > deadline:
                return None
            await asyncio.sleep(POLL_S)
        return row
    finally:
        await connection.close()


def describe_trace(click: ClickTrace) -> list[str]:
    """Return lines for people with the time of each stage, in milliseconds since the click."""

    def since(moment: datetime) -> str:
        return f"{(moment - click.clicked_at).total_seconds() * 1000:6.0f} ms"

    return [
        f"  [bold]{click.answer_ms:6.1f} ms[/]  answered: 302 to {click.location}",
        f"  {since(click.published_at)}  in Kafka, clicks.raw",
        f"  {since(click.enriched_at)}  enriched, clicks.enriched",
        f"  {since(click.stored_at)}  a row in PostgreSQL, {click.click_id} (a test, which no total counts)",
    ]
