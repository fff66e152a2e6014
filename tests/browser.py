"""A Chromium for the browser tests, and what it complains about while a page is open."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright


@asynccontextmanager
async def run_chromium(path: Path, *arguments: str) -> AsyncIterator[Browser]:
    """Run the Chromium at this path, headless, with more arguments of its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox", *arguments])
        try:
            yield browser
        finally:
            await browser.close()


def collect_complaints(page: Page) -> list[str]:
    """Give a list that grows by every error of the page's scripts and every violation of its content policy."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            complaints.append(message.text)
            if "Content Security Policy" in message.text or "Content-Security-Policy" in message.text
            else None
        ),
    )
    return complaints
