"""A browser that follows links ahead of its visitor: the visitor's own click follows, and counts once."""

import json
from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.browser import run_chromium
from tests.front import Front, running_front
from tests.pipeline import Pipeline, eventually, running_pipeline

pytestmark = [pytest.mark.servers, pytest.mark.processes, pytest.mark.browser]

PURPOSES = {"prefetch": "prefetch", "prerender": "prefetch;prerender"}
CASES = {
    f"{ahead}-{where}": (ahead, host)
    for ahead in PURPOSES
    for where, host in (("same-origin", "go.shop.test"), ("other-site", "blog.test"))
}
REFERRALS = """
    INSERT INTO programs (id, name, status, target_url) VALUES ('shoes', 'Shoes', 'active', 'https://shop.test/shoes');
    INSERT INTO affiliates (id, name, status) VALUES ('lisbon', 'Lisbon', 'active');
    INSERT INTO referral_codes (code, affiliate_id, program_id, status) VALUES
""" + ", ".join(f"('{code}', 'lisbon', 'shoes', 'active')" for code in CASES)


class BlogPipeline(Pipeline):
    """A pipeline that knows a code for each page that is eager to have it followed."""

    async def prepare(self, referrals: str = REFERRALS) -> None:
        self.environ["CLICKRAIL_PUBLIC_URL"] = "https://go.shop.test"
        await super().prepare(referrals)


def link(code: str) -> str:
    return f"https://go.shop.test/ref/{code}"


def eager_page(ahead: str, code: str) -> str:
    """A page whose browser is told to fetch, or to render, what a link leads to before anybody follows it."""
    rules = {ahead: [{"source": "list", "urls": [link(code)], "eagerness": "immediate"}]}
    return f'<script type="speculationrules">{json.dumps(rules)}</script><a href="{link(code)}">{code}</a>'


async def read_and_follow(page: Page, front: Front, code: str) -> None:
    """Open the page, wait until the browser has gone ahead, and only then follow the link."""
    _, host = CASES[code]

    async def has_gone_ahead() -> bool:
        return any(asked.path == f"/ref/{code}" for asked in front.asked)

    await page.goto(f"https://{host}/{code}")
    await eventually(has_gone_ahead)
    assert await page.context.cookies("https://go.shop.test") == []
    await page.get_by_role("link", name=code).click()
    await page.wait_for_url("https://shop.test/shoes")


async def test_a_visitors_real_click_follows_a_refused_prefetch_and_counts_once(
    tmp_path: Path, kafka: str, database_url: str, valkey: str, topic_prefix: str, chromium_path: Path
) -> None:
    pipeline = BlogPipeline(tmp_path, kafka, database_url, valkey, topic_prefix)
    pages = {f"{host}/{code}": eager_page(ahead, code) for code, (ahead, host) in CASES.items()}
    async with running_pipeline(pipeline), running_front(pipeline.port, tmp_path, pages) as front:
        async with run_chromium(chromium_path, "--ignore-certificate-errors", front.resolver_rules()) as browser:
            for code in CASES:
                context = await browser.new_context()
                await read_and_follow(await context.new_page(), front, code)
                assert {cookie["name"] for cookie in await context.cookies()} == {"__Host-cr-shoes"}
                await context.close()
        assert await pipeline.stop() == {"ingest": 0, "enricher": 0, "sink": 0}

    asked = [(asked.path, asked.headers.get("Sec-Purpose"), asked.status) for asked in front.links()]
    assert asked == [
        step
        for code, (ahead, _) in CASES.items()
        for step in ((f"/ref/{code}", PURPOSES[ahead], 503), (f"/ref/{code}", None, 302))
    ]
    rows = await pipeline.rows("SELECT code, prefetch, cookie_state FROM clicks ORDER BY clicked_at")
    assert [tuple(row) for row in rows] == [(code, False, "absent") for code in CASES]
    refused = await pipeline.rows("SELECT asked, reason, status FROM rejected_clicks ORDER BY rejected_at")
    assert [tuple(row) for row in refused] == [(code, "R401", 503) for code in CASES]
