"""`make pictures`: pictures of the console's main pages, on made-up clicks, in both themes, to `docs/pictures/`."""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, async_playwright

from bench.console import Visit, open_visit
from bench.stack import open_bench
from deploy.local.browser import chromium
from deploy.local.settings import LocalSettings

FOLDER: Final = Path(__file__).parent / "pictures"
CLICKS: Final = 120_000
NUMBER_OF_DAYS: Final = 62
WIDTH: Final = 1280
HEIGHT: Final = 860
CODES: Final = (
    *("spring-26", "podcast", "newsletter", "bike-week", "blog-review", "youtube-intro", "instagram", "summer-sale"),
    *("black-friday", "partner-page", "coupon-10", "trail-guide", "gear-list", "weekend-trip", "van-life"),
    *("city-ride", "winter-kit", "helmet-test", "first-ride", "cargo-bikes"),
)
AFFILIATES: Final = (
    *("trail-notes", "bike-radio", "city-cyclist", "coupon-corner", "gear-lab", "velo-weekly", "family-rides"),
    "outdoor-daily",
)
PROGRAMS: Final = ("bikes", "helmets", "rentals")


def choose(names: Sequence[str], number: str) -> str:
    """Write SQL that chooses a name by a number."""
    return f"(ARRAY[{', '.join(map(repr, names))}])[1 + ({number}) % {len(names)}]"


CHANGED: Final[Mapping[str, str]] = {
    "code": f"CASE WHEN rank <= {len(CODES)} THEN {choose(CODES, 'rank - 1')} ELSE 'link-' || rank END",
    "affiliate_id": choose(AFFILIATES, "rank * 7"),
    "program_id": choose(PROGRAMS, "rank"),
    "device_type": "CASE WHEN b < 0.6 THEN 'mobile' ELSE 'desktop' END",
    "device_os": "CASE WHEN b < 0.3 THEN 'iOS' WHEN b < 0.6 THEN 'Android' ELSE 'Windows' END",
    "referrer_host": choose(["", "google.com", "bike-radio.example", "youtube.com"], "floor(5 * c ^ 2)::int"),
    "utm_source": choose(["", "newsletter", "podcast", "instagram"], "floor(5 * a ^ 2)::int"),
    "utm_campaign": choose(["", "spring", "bike-week", "weekend"], "floor(5 * b ^ 2)::int"),
}  # fmt: skip
PAGES: Final = {
    "overview": "/",
    "analytics": "/analytics?range=28d&compare=previous",
    "report": "/reports?range=28d&by=affiliate&compare=previous",
    "clicks": "/clicks",
    "errors": "/errors",
    "codes": "/codes",
    "program": "/programs/bikes",
    "pipeline": "/pipeline",
    "jobs": "/jobs",
    "people": "/users",
}


async def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="clickrail-pictures-"))
    try:
        async with (
            open_bench(folder) as bench,
            open_visit(bench, CLICKS, CHANGED, NUMBER_OF_DAYS) as visit,
            async_playwright() as tool,
        ):
            path = await chromium(LocalSettings().cache)
            browser = await tool.chromium.launch(executable_path=path, args=["--no-sandbox"])
            for scheme in ("light", "dark"):
                await picture_all(browser, visit, scheme)
            await browser.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def picture_all(browser: Browser, visit: Visit, scheme: str) -> None:
    cookies = [{"name": cookie.key, "value": cookie.value, "url": visit.address} for cookie in visit.session.cookie_jar]
    options = {"viewport": {"width": WIDTH, "height": HEIGHT}, "color_scheme": scheme, "base_url": visit.address}
    context = await browser.new_context(**options)
    await context.add_cookies(cookies)
    page = await context.new_page()
    for name, address in PAGES.items():
        answer = await page.goto(address)
        if answer is None or not answer.ok:
            sys.exit(f"{address} answers {answer and answer.status}")
        await page.locator(".skeleton").first.wait_for(state="detached")
        await page.wait_for_timeout(300)
        await page.screenshot(path=FOLDER / f"{name}-{scheme}.png")
        print(f"docs/pictures/{name}-{scheme}.png, {datetime.now(UTC):%H:%M:%S}")
    await context.close()


if __name__ == "__main__":
    asyncio.run(main())
