"""One demo click, followed from its 302 to its row."""

import asyncio
import time
from datetime import datetime

import aiohttp
import asyncpg
import msgspec

from identity.cookie import CookieKeys, open_cookies
from identity.cookie_header import cookie_name
from identity.keys import KeyRing
from identity.refusal import Refused
from runtime.errors import DependencyAway

PATIENCE_S = 60.0
POLL_S = 0.02
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
QUERY = "SELECT clicked_at, published_at, enriched_at, stored_at FROM clicks WHERE click_id = $1"


class Followed(msgspec.Struct, frozen=True):
    """A click's way: the time to its answer in milliseconds, then the times of its stages."""

    click_id: str
    location: str
    answer_ms: float
    clicked_at: datetime
    published_at: datetime
    enriched_at: datetime
    stored_at: datetime


async def follow_click(url: str, program_id: str, ring: KeyRing, database_url: str) -> Followed:
    """Click `url` as a browser would and wait for the row. Raises DependencyAway when something does not answer."""
    started = time.perf_counter()
    headers = {"User-Agent": BROWSER, "Referer": "https://www.example.com/", "X-Forwarded-For": "203.0.113.7"}
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
        session.get(url, headers=headers, allow_redirects=False) as answer,
    ):
        answer_ms = (time.perf_counter() - started) * 1000
        cookie = answer.headers.get("Set-Cookie", "").partition(";")[0]
        location = answer.headers.get("Location", "")
    name = cookie_name(program_id, https=False)
    opened = open_cookies(CookieKeys(ring), name, [cookie], int(time.time()))
    if opened is None or isinstance(opened, Refused):
        raise DependencyAway(f"{url} was answered with {answer.status} and no cookie: see .local/logs/ingest.log")
    row = await wait_for_row(database_url, opened.click_id)
    return Followed(opened.click_id, location, answer_ms, *row)


async def wait_for_row(database_url: str, click_id: str) -> asyncpg.Record:
    connection = await asyncpg.connect(database_url, timeout=10)
    deadline = time.monotonic() + PATIENCE_S
    try:
        while (row := await connection.fetchrow(QUERY, click_id)) is None:
            if time.monotonic() > deadline:
                raise DependencyAway(
                    f"click {click_id} was answered, and after {PATIENCE_S:.0f} s it is not in the table: "
                    "see enricher.log and sink.log in .local/logs"
                )
            await asyncio.sleep(POLL_S)
        return row
    finally:
        await connection.close()


def describe_way(click: Followed) -> list[str]:
    """Give the click's way as lines for people, in milliseconds since the click."""

    def since(moment: datetime) -> str:
        return f"{(moment - click.clicked_at).total_seconds() * 1000:6.0f} ms"

    return [
        f"  [bold]{click.answer_ms:6.1f} ms[/]  answered: 302 to {click.location}",
        f"  {since(click.published_at)}  in Kafka, clicks.raw",
        f"  {since(click.enriched_at)}  enriched, clicks.enriched",
        f"  {since(click.stored_at)}  a row in PostgreSQL, {click.click_id}",
    ]
