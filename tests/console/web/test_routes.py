"""Every address, asked in more than one way."""

import pytest

from console.auth.guard import SESSION_COOKIE
from console.web.route import Route
from console.web.routes import ROUTES
from tests.console.auth.test_guard import address_of
from tests.console.auth.test_keys import HEADER, at, store
from tests.console.builders import NOW
from tests.console.memory_tables import MemoryTables
from tests.console.running import Console, make_settings, run_console

VARYING = {"Date": "", "Transfer-Encoding": "", "Content-Length": ""}
"""What the time or the way of sending decides: an empty body has a length of 0 or none at all."""

GETS = [route for route in ROUTES if route.method == "GET"]


@pytest.mark.parametrize("logged_in", [True, False], ids=["logged in", "a stranger"])
@pytest.mark.parametrize("route", GETS, ids=lambda route: route.path)
async def test_the_head_is_the_same_as_of_the_whole(lasting_console: Console, route: Route, logged_in: bool) -> None:
    session = {SESSION_COOKIE: await lasting_console.begin_session("owner")} if logged_in else {}
    client, heads = lasting_console.client, []
    for method in ("GET", "HEAD"):
        client.session.cookie_jar.clear()
        async with client.request(method, address_of(route.path), cookies=session, allow_redirects=False) as response:
            heads.append((response.status, {**response.headers, **VARYING}))
            if method == "HEAD":
                assert await response.read() == b""

    assert heads[0] == heads[1]


async def test_the_head_of_a_file_of_the_page_tells_its_length(offline_console: Console) -> None:
    url = offline_console.environment.assets.urls["console.css"]
    async with offline_console.client.head(url) as head, offline_console.client.get(url) as whole:
        assert (head.status, head.headers["Content-Length"]) == (200, str(len(await whole.read())))


async def test_another_method_is_told_which_ones_there_are(offline_console: Console) -> None:
    await offline_console.log_in()
    headers = {"X-CSRF-Token": await offline_console.read_csrf()}
    async with offline_console.client.delete("/clicks", headers=headers) as response:
        assert (response.status, response.headers["Allow"]) == (405, "GET,HEAD")
    async with offline_console.client.delete("/nowhere", headers=headers) as response:
        assert response.status == 404


UNMATCHED = [
    ("GET", "/api/v1/click/01", 404, "unknown_endpoint", None),
    ("POST", "/api/v1/nothing", 404, "unknown_endpoint", None),
    ("PUT", "/api/v1/codes/x", 405, "method_not_allowed", "GET,HEAD,PATCH"),
    ("POST", "/api/v1/analytics", 405, "method_not_allowed", "GET,HEAD"),
]


@pytest.mark.parametrize("base", ["", "/ops"])
@pytest.mark.parametrize(("method", "path", "status", "reason", "allow"), UNMATCHED)
async def test_a_program_is_told_that_its_address_or_method_is_wrong(
    base: str, method: str, path: str, status: int, reason: str, allow: str | None
) -> None:
    tables, seen = MemoryTables(), []
    await store(tables)
    async with run_console(make_settings(url=f"https://shop.example{base}"), tables, now=at(NOW)) as console:
        for header in (HEADER, "Bearer nonsense"):
            async with console.client.request(
                method, base + path, headers={"Authorization": header}, allow_redirects=False
            ) as response:
                problem = await response.json(content_type="application/problem+json")
                seen.append((response.status, problem["reason"], response.headers.get("Allow")))

    assert seen == [(status, reason, allow), (401, "not_logged_in", None)]


async def test_a_person_is_told_that_an_address_of_the_api_is_none(offline_console: Console) -> None:
    seen = []
    for _ in range(2):
        async with offline_console.client.get("/api/v1/nothing", allow_redirects=False) as response:
            seen.append((response.status, (await response.json(content_type=None))["reason"]))
        await offline_console.log_in()

    assert seen == [(401, "not_logged_in"), (404, "unknown_endpoint")]
