"""What axe, the checker of accessibility, finds on a page, in its light and in its dark colours."""

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page

EVERYTHING = {"resultTypes": ["violations"]}
COLOURS = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
}
RUN = "options => axe.run(options).then(results => results.violations)"


async def find_violations(page: Page, *, dark: bool = True) -> list[str]:
    """Give a line for each element that breaks a rule. Schemes differ in colours only: in the dark, those are tried.

    Not if `dark` is false, for a page that was tried in another window before. Open it with `reduced_motion="reduce"`:
    text that is still fading in has too little contrast.
    """
    schemes = [("light", EVERYTHING), ("dark", COLOURS)]
    await page.evaluate(AXE_SCRIPT)
    found = []
    for scheme, options in schemes if dark else schemes[:1]:
        await page.emulate_media(color_scheme=scheme)
        found += [
            f"{page.url} ({scheme}): {violation['id']}: {node['html'][:200]}"
            for violation in await page.evaluate(RUN, options)
            for node in violation["nodes"]
        ]
    await page.emulate_media(color_scheme="light")
    return found
