"""The page that the demo's links lead to, in place of a merchant's: it shows the click token and explains it.

It listens on this machine only, and makes no requests: it works without a network.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from html import escape
from pathlib import Path
from string import Template
from typing import Final

from aiohttp import web

from deploy.local.errors import PortTaken
from deploy.local.ports import HOST, holder_of
from deploy.local.settings import variable
from identity.keyfile import read_ring
from identity.token import TokenKeys, verify_token
from identity.verification import VerificationError

PARAMETER: Final = "click"
DEMO_PROGRAM: Final = "demo"
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
PAGE: Final = Template("""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Demo shop</title>
<style>
  :root { color-scheme: light dark }
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem }
  code { font: 0.95rem ui-monospace, monospace; overflow-wrap: anywhere }
  .token { display: block; padding: 0.75rem 1rem; border: 1px solid; border-radius: 0.4rem }
</style>
<h1>Demo shop</h1>
<p>In production this would be the merchant's page. <code>clickrail up</code> serves this one, for the demo program.</p>
$body
</html>
""")
WITH_TOKEN: Final = Template("""<p>The visitor brought the click token of their click:</p>
<p><code class="token">$token</code></p>
<p>$verdict</p>
<p>A shop keeps it with the order and sends it back with the conversion. It proves which click the order comes from:
<code>clickrail token verify</code> needs only the key ring, and the shop only its own key, no database.</p>""")
VISITED_DIRECTLY: Final = """<p>This visit has no click token. Links of a paused code, affiliate or program lead here
without one, and so does the page's own address.</p>"""


@asynccontextmanager
async def serve_landing(port: int, keys_file: Path, console_url: str | None) -> AsyncIterator[str]:
    """Serve the page while the block runs, and give its address. `console_url` is null if no console runs.

    Raises PortTaken.
    """
    app = web.Application()
    app.router.add_get("/{path:.*}", answer_with(keys_file, console_url))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, HOST, port).start()
        except OSError:
            raise PortTaken(("the demo's page", port, variable("landing_port"), holder_of(port))) from None
        yield f"http://{HOST}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def answer_with(keys_file: Path, console_url: str | None) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        token = request.query.get(PARAMETER, "")
        # Read the file each time: a key may have been added since the start.
        verified = verify_token(TokenKeys(read_ring(keys_file)), token, DEMO_PROGRAM)
        page = render(token, verified, console_url)
        return web.Response(text=page, content_type="text/html", headers=HEADERS)

    return answer


def render(token: str, verified: str | VerificationError, console_url: str | None) -> str:
    """Return the page for a token, which may be any text; `verified` is its click id, or why it is not genuine."""
    if not token:
        return PAGE.substitute(body=VISITED_DIRECTLY)
    body = WITH_TOKEN.substitute(token=escape(token), verdict=describe(verified, console_url))
    return PAGE.substitute(body=body)


def describe(verified: str | VerificationError, console_url: str | None) -> str:
    if isinstance(verified, VerificationError):
        return f"It is not genuine ({verified.reason.replace('_', ' ')}): nobody should pay for it."
    shown = (
        "The console, which could show the click, does not run."
        if console_url is None
        else f'<a href="{escape(console_url)}/clicks/{verified}">See the click in the console</a>: it is there within a'
        " second or two, with every decision made about it."
    )
    return f"It is genuine, of the click <code>{verified}</code>. {shown}"
