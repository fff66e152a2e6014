"""Links through the proxies of `deploy/proxies/`, with the real programs before the real redirect."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from identity.ip import open_ip
from tests.deploy_proxies.curl import curl, needs_curl
from tests.deploy_proxies.proxies import LINKS, each_proxy, running_proxy, trusting
from tests.ingest.builders import found, keys
from tests.ingest.serving import Served, serving

pytestmark = [pytest.mark.processes, needs_curl]
FORGED = ("-H", "X-Forwarded-For: 6.6.6.6", "-H", "Forwarded: for=6.6.6.6")


async def client_of_last_click(served: Served) -> str:
    """Give the address that ingest took for the visitor's."""
    click = (await served.published()).clicks()[-1]
    return str(open_ip(keys().ip_seal, click.ip_sealed or "", click.click_id))


@each_proxy
async def test_a_visitor_is_redirected_over_http_2_by_what_ingest_sent(proxy: str, tmp_path: Path) -> None:
    async with serving() as served, running_proxy(proxy, tmp_path, ingest=served.port) as port:
        answer = await curl(port, "/ref/abc123?sub1=a%2Fb%20c", "--http2", "-A", "Mozilla/5.0 test")
        click = (await served.published()).clicks()[-1]

    assert (answer.status, answer.version) == (302, "2")
    assert answer.headers["Location"] == click.target_url
    assert answer.headers["Set-Cookie"].startswith("__Host-cr-shop=")
    assert {part.strip() for part in answer.headers["Set-Cookie"].split(";")} >= {
        "Secure",
        "HttpOnly",
        "SameSite=Lax",
        "Path=/",
    }
    assert answer.headers["Cache-Control"] == "no-store"
    assert (click.host, click.user_agent, click.sub1) == (LINKS, "Mozilla/5.0 test", "a/b c")


@each_proxy
async def test_every_visit_reaches_ingest_and_is_a_click_of_its_own(proxy: str, tmp_path: Path) -> None:
    async with serving() as served, running_proxy(proxy, tmp_path, ingest=served.port) as port:
        cookies = {(await curl(port, "/ref/abc123", "--http2")).headers["Set-Cookie"] for _ in range(3)}
        clicks = (await served.published()).clicks()

    assert (len(cookies), len({click.click_id for click in clicks})) == (3, 3)


@each_proxy
@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
async def test_the_client_is_who_connected_whatever_header_was_forged(proxy: str, tmp_path: Path, version: str) -> None:
    async with serving() as served, running_proxy(proxy, tmp_path, ingest=served.port) as port:
        await curl(port, "/ref/abc123", version, "--interface", "127.0.0.9", *FORGED)

        assert await client_of_last_click(served) == "127.0.0.9"


@each_proxy
async def test_a_long_link_passes_and_ingest_says_what_is_too_much(proxy: str, tmp_path: Path) -> None:
    def field(kib: int) -> tuple[str, ...]:
        return ("-H", f"X-Long-{kib}: {'a' * kib * 1024}")

    async with serving() as served, running_proxy(proxy, tmp_path, ingest=served.port) as port:
        # aiohttp's and curl's own lines take less than the KiB that is left.
        long = await curl(port, f"/ref/abc123?utm_campaign={'x' * 8000}", *field(11), *field(12), "--http1.1")
        too_long = await curl(port, "/ref/abc123", *field(11), *field(12), *field(13), "--http1.1")

    assert (long.status, too_long.status) == (302, 431)


@each_proxy
async def test_the_longest_redirect_passes(proxy: str, tmp_path: Path) -> None:
    code = found(target_url=f"https://shop.example/{'a' * 1700}", pass_query="all")
    async with serving({"abc123": code}) as served, running_proxy(proxy, tmp_path, ingest=served.port) as port:
        query = "&".join(f"q{number}={'x' * 300}" for number in range(6))
        answer = await curl(port, f"/ref/abc123?{query}", "--http2")

    assert answer.status == 302
    assert len(answer.headers["Location"]) > 3500


@each_proxy
async def test_what_is_no_visit_gets_the_answer_of_ingest(proxy: str, tmp_path: Path) -> None:
    async with serving() as served, running_proxy(proxy, tmp_path, ingest=served.port) as port:
        head = await curl(port, "/ref/abc123", "--http2", "-I")
        unknown = await curl(port, "/ref/nobody", "--http2")
        posted = await curl(port, "/ref/abc123", "--http2", "-d", "x=1")
        away = await curl(port, "/ref/away", "--http2")

    assert [answer.status for answer in (head, unknown, posted, away)] == [302, 404, 405, 503]
    assert "Set-Cookie" not in head.headers
    assert away.headers["Retry-After"]


@asynccontextmanager
async def browsers(port: int, count: int) -> AsyncIterator[list[aiohttp.ClientSession]]:
    """Open sessions that keep their connections to the proxy."""
    sessions = [
        aiohttp.ClientSession(f"https://127.0.0.1:{port}", connector=aiohttp.TCPConnector(ssl=trusting()),
                              headers={"Host": LINKS}, cookie_jar=aiohttp.DummyCookieJar())
        for _ in range(count)
    ]  # fmt: skip
    yield sessions
    await asyncio.gather(*(session.close() for session in sessions))


@each_proxy
async def test_no_visitor_gets_a_502_when_connections_have_been_idle(proxy: str, tmp_path: Path) -> None:
    async def visit(browser: aiohttp.ClientSession) -> int:
        async with browser.get("/ref/abc123", allow_redirects=False, server_hostname=LINKS) as answer:
            return answer.status

    # Ingest closes idle connections after a second here: the next requests fall into that moment, before it and after.
    async with (
        serving(keepalive_s=1.0) as served,
        running_proxy(proxy, tmp_path, ingest=served.port) as port,
        browsers(port, 10) as sessions,
    ):
        statuses = []
        for pause_s in (0.0, 0.97, 1.0, 1.03):
            await asyncio.sleep(pause_s)
            statuses += await asyncio.gather(*map(visit, sessions))

    assert set(statuses) == {302}
