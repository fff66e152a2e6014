"""One plain click, from its 302 to its row."""

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from identity.cookie import CookieKeys, OpenedCookie, open_cookie
from identity.keyfile import read_ring
from referrals.connections import connected
from referrals.windows import find_window
from storage.read.attribution import Attribution, Unattributed
from storage.read.attribution_claims import attribute_cookie
from tests.pipeline import CHROME, Pipeline, eventually, running_pipeline, without_redirects

pytestmark = [pytest.mark.servers, pytest.mark.processes]


async def test_a_click_goes_from_its_302_to_its_row(pipeline: Pipeline) -> None:
    async with running_pipeline(pipeline), without_redirects() as browser:
        answer = await browser.get(
            f"{pipeline.url}/ref/abc123?sub1=mail&utm_source=news&gclid=G1",
            headers={"User-Agent": CHROME, "Referer": "https://www.google.com/", "X-Forwarded-For": "203.0.113.9"},
            allow_redirects=False,
        )
        assert (answer.status, answer.headers["Location"]) == (302, "https://shop.example/shoes")
        assert answer.headers["Cache-Control"] == "no-store"

        (row,) = await eventually(lambda: pipeline.rows("SELECT * FROM clicks"))
        assert await pipeline.stop() == {"ingest": 0, "enricher": 0, "sink": 0}

    name, _, rest = answer.headers["Set-Cookie"].partition("=")
    value, *attributes = rest.split("; ")
    opened = open_cookie(CookieKeys(read_ring(tmp_ring(pipeline))), name, value, int(row["clicked_at"].timestamp()))
    assert name == "__Host-cr-shoes"
    assert set(attributes) == {"Max-Age=2592000", "Path=/", "HttpOnly", "SameSite=Lax", "Secure"}
    assert isinstance(opened, OpenedCookie)
    assert opened.click_id == row["click_id"]
    assert (row["code"], row["affiliate_id"], row["program_id"]) == ("abc123", "lisbon", "shoes")
    assert (row["sub1"], row["utm_source"], row["ad_ids"]) == ("mail", "news", '{"gclid": "G1"}')
    assert (row["device_type"], row["device_browser"], row["referrer_medium"]) == ("desktop", "Chrome", "paid")
    assert (row["handled_sequence"], row["is_bot"], row["cookie_state"]) == (1, False, "absent")
    assert row["geo_status"] == "no_database"
    assert len(row["ip_hash"]) == 32
    found = await attribute(pipeline, f"theme=dark; {name}={value}", row["clicked_at"] + timedelta(days=29))
    assert isinstance(found, Attribution)
    assert (found.click_id, found.affiliate_id, found.status) == (row["click_id"], "lisbon", "valid")


async def attribute(pipeline: Pipeline, cookie: str, at: datetime) -> Attribution | Unattributed:
    """Attribute the cookie that the browser would send to the shop's own server."""
    keys = CookieKeys(read_ring(tmp_ring(pipeline)))
    async with connected(pipeline.database_url) as connection:
        return await attribute_cookie(connection, keys, cookie, partial(find_window, connection), at)


def tmp_ring(pipeline: Pipeline) -> Path:
    return pipeline.folder / "keys.json"
