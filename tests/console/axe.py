"""What axe, the checker of accessibility, finds on a page, in its light and in its dark colours."""

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

EVERYTHING = {"resultTypes": ["violations"]}
COLOURS = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
}


async def find_violations(page: Page) -> list[str]:
    """Give a line for each element that breaks a rule. Schemes differ in colours only: in the dark, those are tried.

    Open the page with `reduced_motion="reduce"`: text that is still fading in has too little contrast.
    """
    axe = Axe()
    found = []
    for scheme, options in (("light", EVERYTHING), ("dark", COLOURS)):
        await page.emulate_media(color_scheme=scheme)
        results = await axe.run(page, options=options)
        found += [
            f"{page.url} ({scheme}): {violation['id']}: {node['html'][:200]}"
            for violation in results.response["violations"]
            for node in violation["nodes"]
        ]
    await page.emulate_media(color_scheme="light")
    return found
