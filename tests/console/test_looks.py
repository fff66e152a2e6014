"""What people see and touch: contrast, names for those who hear the page, and nothing that moves by itself."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import asyncpg
import pytest
from playwright.async_api import Browser, Page, expect

from schemas import Bot, Counts, Fraud, Network, Signal, Uniqueness
from tests.console.axe import find_violations
from tests.console.browsing import NARROW, TABLET, WIDE, opened
from tests.console.builders import dead_letter, enriched_click, rejected_click, store
from tests.console.running import Console
from tests.faults.drill import Drill

pytestmark = [pytest.mark.servers, pytest.mark.browser]

EVERY_PLACE = """() => [...document.querySelectorAll("main *")]
  .filter((element) => !element.closest("svg"))
  .map((element) => { const { x, y, width, height } = element.getBoundingClientRect();
                      const place = [x + scrollX, y + scrollY, width, height];
                      return [element.tagName, element.className, ...place].join(" "); })"""
COUNTED_DAY = """
    INSERT INTO affiliate_quality (day, program_id, affiliate_id, clicks, hosting_vpn_clicks, top_net_clicks,
        invalid_clicks, clients, night_clicks, judged_clicks, repeat_clicks)
    VALUES ($1, $2, $3, 1200, 1000, 300, 40, 200, 90, 1100, 700)
"""
# Places on the page, not in the window: to hover over what is below the window's edge, Playwright scrolls.


async def fill(tables: asyncpg.Connection) -> tuple[list[str], list[str]]:
    """Store one of everything; give an address of every kind of page, and those of the same with other contents."""
    now = datetime.now(UTC)
    click = enriched_click(now, 1)
    others = [
        enriched_click(now, 2, bot=Bot(is_bot=True, reasons=["http_library"], rules="1")),
        enriched_click(now, 3, is_test=True),
        enriched_click(now, 4, prefetch=True, cookie_state="forged"),
        enriched_click(
            now,
            6,
            unique=Uniqueness(is_unique=False, basis="address", first_click_id=click.click_id, status="judged"),
            counts=Counts(client_60s=12, status="judged"),
            network=Network(status="found", asn=64496, org="Example", kind="hosting", certainty="probable"),
            fraud=Fraud(
                score=61,
                band="likely_invalid",
                ivt_class="sivt",
                signals=[
                    Signal(name="hosting_network", weight=0.35),
                    Signal(name="client_rate", weight=0.4, value=12.0),
                ],
                rules="clickrail 1 abc",
                stage="live",
            ),
        ),
        enriched_click(now, 7, fraud=Fraud(score=35, band="suspicious", stage="live")),
    ]
    rejection = rejected_click(now, 5)
    await store(tables, [click, *others, rejection, dead_letter(now)])
    await tables.execute(COUNTED_DAY, now.date(), click.program_id, click.affiliate_id)
    ids = [record.click_id for record in others] + [rejection.rejection_id]
    kinds = [
        *("/", "/clicks", "/errors", "/errors?reason=R102", "/dead-letters", "/search?q=SPRING", "/nowhere"),
        *(f"/clicks/{click.click_id}", f"/affiliates/{click.affiliate_id}", "/dead-letters/clicks.raw/3/42"),
    ]
    contents = [
        *("/clicks?visitors=wrong", "/clicks?f.code=is:nobody", "/dead-letters?stage=x", "/search"),
        "/clicks?range=yesterday&measure=suspicious&outcome=accepted",
        *(f"/clicks/{ulid}" for ulid in ids),
        *("/affiliates/nobody", "/clicks/nonsense"),
    ]
    return kinds, contents


@pytest.mark.timeout(600)
async def test_axe_finds_nothing_on_any_page(
    browser: Browser, console: Console, tables: asyncpg.Connection, drill: Drill
) -> None:
    kinds, contents = await fill(tables)
    every = [*kinds, *contents]
    found = []
    # Without motion: text that is still fading in has too little contrast.
    async with opened(browser, console, "/clicks", reduced_motion="reduce") as page:
        for viewport, paths in ((WIDE, every), (NARROW, every if drill.long else kinds)):
            await page.set_viewport_size(viewport)
            for path in paths:
                await page.goto(path)
                found += await find_violations(page, dark=viewport == WIDE)
        await page.set_viewport_size(WIDE)
        await page.goto("/clicks")
        await page.locator("tr.line a[data-open]").first.click()
        await expect(page.locator("#drawer h1")).to_be_visible()
        found += await find_violations(page)
        await page.context.clear_cookies()
        await page.goto("/login")
        found += await find_violations(page)
        await page.get_by_label("Login name").fill("owner")
        await page.get_by_label("Password").fill("wrong")
        await page.get_by_role("button", name="Log in").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        found += await find_violations(page)

    assert found == []


async def test_axe_finds_nothing_where_there_is_nothing_yet(browser: Browser, console: Console) -> None:
    async with opened(browser, console, "/") as page:
        found = []
        for path in ("/", "/clicks", "/errors"):
            await page.goto(path)
            found += await find_violations(page)

    assert found == []


async def test_axe_is_asked_about_dark_colours_too(browser: Browser) -> None:
    page = await browser.new_page()
    await page.set_content(
        '<html lang="en"><title>Night</title><main><h1>Night</h1><p>Grey on grey</p></main>'
        "<style>@media (prefers-color-scheme: dark) { p { color: #777; background: #666 } }</style></html>"
    )
    (found,) = await find_violations(page)
    await page.close()

    assert "(dark): color-contrast" in found


@pytest.mark.parametrize("viewport", [WIDE, TABLET, NARROW], ids=["wide", "tablet", "narrow"])
async def test_nothing_moves_when_the_pointer_comes(
    browser: Browser, console: Console, tables: asyncpg.Connection, viewport: dict
) -> None:
    # A busy hour: what is told of a minute is then as long as it gets.
    now = datetime.now(UTC)
    await store(tables, [enriched_click(now - timedelta(minutes=number), number) for number in range(50)])
    async with opened(browser, console, "/", viewport=viewport) as page:
        await page.route("**/parts/overview", lambda route: route.abort())
        # The ages on the page stay as they are: "10 s ago" is wider than "9 s ago".
        await page.clock.set_fixed_time(now)
        await page.goto("/")
        await page.evaluate("document.querySelector('[data-warning]').remove()")
        before = await page.evaluate(EVERY_PLACE)
        columns = page.locator(".column .catch")
        for number in (0, 30, 59):
            # By force: what is drawn lies over what catches the pointer.
            await columns.nth(number).hover(force=True)
            await expect(page.locator("[data-readout]")).to_contain_text("UTC")
            assert await page.evaluate(EVERY_PLACE) == before
        await page.locator(".tile").first.hover()
        assert await page.evaluate(EVERY_PLACE) == before


async def test_days_and_hours_name_their_zone(browser: Browser, console: Console, tables: asyncpg.Connection) -> None:
    await store(tables, [enriched_click(datetime.now(UTC))])
    async with opened(browser, console, "/", timezone_id="Asia/Tokyo") as page:
        assert [await tile.inner_text() for tile in await page.locator(".tile small").all()] == ["today, UTC"] * 4
        await expect(page.locator(".chart-head h2")).to_contain_text("UTC")


@pytest.mark.parametrize("has_clipboard", [True, False], ids=["over https", "over http"])
async def test_a_dead_letter_can_be_copied_and_kept(
    browser: Browser, console: Console, tables: asyncpg.Connection, has_clipboard: bool
) -> None:
    value = '{"naïve": "\u202e"}'.encode()
    await store(tables, [dead_letter(datetime.now(UTC), value=value)])
    async with opened(browser, console, "/dead-letters/clicks.raw/3/42") as page:
        await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        if not has_clipboard:
            # As at an address that is neither https nor this machine.
            await page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
            await page.reload()
        copied = {}
        for name in ("Copy text", "Copy as Base64", "Copy name"):
            button = page.get_by_role("button", name=name)
            await button.click()
            await expect(page.get_by_role("button", name="Copied")).to_be_visible()
            await expect(button).to_be_visible()
            copied[name] = await paste(page)
        async with page.expect_download() as download:
            await page.get_by_role("link", name="Download").click()
        file = await (await download.value).path()

        assert copied == {
            "Copy text": '{"naïve": "\u202e"}',
            "Copy as Base64": "eyJuYcOvdmUiOiAi4oCuIn0=",
            "Copy name": f"clicks.raw/3/42@{sha256(value).hexdigest()[:8]}",
        }
        assert file.read_bytes() == value
        assert (await download.value).suggested_filename == "clicks.raw-3-42.bin"


async def paste(page: Page) -> str:
    """Give what is in the clipboard, as somebody finds it who pastes it."""
    await page.evaluate("document.querySelector('main').append(document.createElement('textarea'))")
    field = page.locator("main textarea")
    await field.focus()
    await page.keyboard.press("Control+V")
    text = await field.input_value()
    await field.evaluate("(element) => element.remove()")
    return text
