"""The console below a path, through the proxies of `deploy/proxies/`."""

from pathlib import Path

import aiohttp
import pytest

from console.auth.guard import SESSION_COOKIE
from tests.console.memory_tables import MemoryTables
from tests.console.running import Console, make_settings, run_console
from tests.deploy_proxies.curl import curl, needs_curl
from tests.deploy_proxies.proxies import SITE, each_proxy, running_proxy, trusting

pytestmark = [pytest.mark.processes, needs_curl]
PATH = "/clickrail"
SETTINGS = make_settings(url=f"https://{SITE}{PATH}", trusted_proxies=("127.0.0.1",))


@each_proxy
async def test_the_console_lives_below_its_path_and_its_cookies_are_as_it_sent_them(proxy: str, tmp_path: Path) -> None:
    async with (
        run_console(SETTINGS, MemoryTables()) as console,
        running_proxy(proxy, tmp_path, console=console.address) as port,
    ):
        short = await curl(port, PATH, "--http2", host=SITE)
        start = await curl(port, f"{PATH}/", "--http2", host=SITE)
        form = ("-d", "login=owner&password=correct horse")
        entered = await curl(port, f"{PATH}/login", "--http2", *form, host=SITE)

    assert (short.status, short.headers["Location"]) == (308, f"{PATH}/")
    assert (start.status, start.headers["Location"].partition("?")[0]) == (303, f"{PATH}/login")
    assert entered.status == 303
    cookies = [line for line in entered.headers.getall("Set-Cookie") if line.startswith(SESSION_COOKIE)]
    assert len(cookies) == 1
    assert {part.strip() for part in cookies[0].split(";")} >= {f"Path={PATH}", "Secure", "HttpOnly"}


async def read_first_event(port: int, console: Console) -> tuple[str, str]:
    """Open the live stream as an owner's browser does; give its type, and its beginning."""
    cookie = f"{SESSION_COOKIE}={await console.begin_session('owner')}"
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting())) as browser,
        browser.get(
            f"https://127.0.0.1:{port}{PATH}/live/clicks",
            headers={"Host": SITE, "Cookie": cookie, "Accept-Encoding": "gzip"},
            server_hostname=SITE,
        ) as stream,
    ):
        beginning = b""
        while b"event: status" not in beginning:
            beginning += await stream.content.readany()
        return stream.content_type, beginning.decode()


@each_proxy
async def test_events_of_the_live_view_arrive_while_the_answer_goes_on(proxy: str, tmp_path: Path) -> None:
    async with (
        run_console(SETTINGS, MemoryTables()) as console,
        running_proxy(proxy, tmp_path, console=console.address) as port,
    ):
        kind, beginning = await read_first_event(port, console)

    assert kind == "text/event-stream"
    assert beginning.startswith("retry: ")
