"""Logging in and out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import structlog
from aiohttp import CookieJar
from aiohttp.test_utils import TestClient, TestServer

from console.auth.device_cookie import DEVICE_COOKIE
from console.auth.guard import SESSION_COOKIE
from console.auth.login_throttle import CLIENT, EVERYBODY
from console.auth.password_queue import MOST_WAITING
from console.settings import Settings
from console.web.routes import make_app
from tests.console.builders import NOW
from tests.console.memory_tables import MemoryTables
from tests.console.running import PASSWORD, Console, make_settings, run_console

PROXIED = make_settings(trusted_proxies=("127.0.0.0/8",))


async def log_in(client: TestClient, password: str = PASSWORD, address: str = "") -> int:
    headers = {"X-Forwarded-For": address} if address else {}
    data = {"password": password}
    async with client.post("/login", data=data, headers=headers, allow_redirects=False) as response:
        return response.status


@asynccontextmanager
async def another_browser(console: Console) -> AsyncIterator[TestClient]:
    """A client of the same console that has nothing of what the first one has."""
    client = TestClient(TestServer(make_app(console.environment)), cookie_jar=CookieJar(unsafe=True))
    await client.start_server()
    try:
        yield client
    finally:
        await client.close()


async def test_the_password_opens_a_session_and_leads_on(anonymous_client: TestClient) -> None:
    data = {"password": PASSWORD, "next": "/clicks?code=a"}
    async with anonymous_client.post("/login", data=data, allow_redirects=False) as response:
        cookie = response.cookies[SESSION_COOKIE]
        assert (response.status, response.headers["Location"]) == (303, "/clicks?code=a")

    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (True, "Strict", "/", "")
    assert cookie["max-age"] == str(12 * 3600)


@pytest.mark.parametrize("scheme", ["https", "HTTPS", "https, https", "https, http"])
async def test_a_cookie_given_by_https_is_sent_by_https_only(anonymous_client: TestClient, scheme: str) -> None:
    headers = {"X-Forwarded-Proto": scheme}
    async with anonymous_client.post(
        "/login", data={"password": PASSWORD}, headers=headers, allow_redirects=False
    ) as response:
        assert {cookie["secure"] for cookie in response.cookies.values()} == {True}


@pytest.mark.parametrize(("url", "secure"), [("https://ops.example", True), ("http://ops.example", "")])
async def test_the_consoles_url_decides_as_well(url: str, secure: bool | str) -> None:
    async with (
        run_console(make_settings(url=url), MemoryTables()) as console,
        console.client.post("/login", data={"password": PASSWORD}, allow_redirects=False) as response,
    ):
        assert {cookie["secure"] for cookie in response.cookies.values()} == {secure}


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD.upper(), PASSWORD + " ", "\ufffd", "x" * 10_000])
async def test_any_other_password_opens_nothing(anonymous_client: TestClient, password: str) -> None:
    async with anonymous_client.post("/login", data={"password": password}, allow_redirects=False) as response:
        assert response.status == 403
        assert SESSION_COOKIE not in response.cookies
        assert DEVICE_COOKIE not in response.cookies
        assert "not the password" in await response.text()


async def test_who_guesses_too_often_has_to_wait_even_with_the_right_password(offline_console: Console) -> None:
    wrong = [await log_in(offline_console.client, "wrong") for _ in range(CLIENT.guesses)]
    async with offline_console.client.post("/login", data={"password": PASSWORD}, allow_redirects=False) as response:
        assert response.status == 429
        assert 0 < int(response.headers["Retry-After"]) <= 30
    assert await log_in(offline_console.client) == 429

    count = offline_console.environment.registry.get_sample_value
    assert wrong == [403] * CLIENT.guesses
    assert count("clickrail_console_logins_total", {"result": "wrong"}) == CLIENT.guesses
    assert count("clickrail_console_logins_total", {"result": "limited"}) == 2


async def test_behind_a_proxy_one_guesser_locks_nobody_else_out() -> None:
    async with run_console(PROXIED, MemoryTables()) as console:
        guesser = [await log_in(console.client, "wrong", "192.0.2.1") for _ in range(CLIENT.guesses + 1)]

        assert guesser == [403] * CLIENT.guesses + [429]
        assert await log_in(console.client, PASSWORD, "192.0.2.1") == 429
        assert await log_in(console.client, PASSWORD, "198.51.100.7") == 303


async def test_behind_a_proxy_that_is_not_trusted_a_browser_that_was_here_before_still_gets_in() -> None:
    async with run_console(make_settings(), MemoryTables()) as console, another_browser(console) as guesser:
        assert await log_in(console.client) == 303
        guesses = [await log_in(guesser, "wrong", f"192.0.2.{number}") for number in range(CLIENT.guesses + 1)]

        assert guesses == [403] * CLIENT.guesses + [429]
        assert [await log_in(console.client), await log_in(guesser)] == [303, 429]


async def test_while_a_crowd_guesses_from_everywhere_the_owner_gets_in_from_anywhere() -> None:
    # The time stands still, so that on a slow day nothing is forgiven meanwhile.
    async with run_console(PROXIED, MemoryTables(), now=lambda: NOW) as console:
        crowd = [await log_in(console.client, "wrong", f"10.1.0.{number}") for number in range(EVERYBODY.guesses + 5)]
        again = [await log_in(console.client, "wrong", f"10.1.0.{number}") for number in range(5)]

        assert (set(crowd), set(again)) == ({403}, {429})
        assert await log_in(console.client, PASSWORD, "198.51.100.7") == 303


async def test_a_crowd_waits_in_a_line_of_its_own_that_has_an_end(offline_console: Console) -> None:
    await offline_console.log_in()
    line = offline_console.environment.login.password_queue.line(is_known=False)
    async with line.turn(), another_browser(offline_console) as anonymous_client:
        crowd = [asyncio.create_task(log_in(anonymous_client, "wrong")) for _ in range(MOST_WAITING)]
        while line.waiting < MOST_WAITING:
            await asyncio.sleep(0)
        assert await log_in(anonymous_client) == 503
        assert await log_in(offline_console.client) == 303
        for task in crowd:
            task.cancel()
        await asyncio.wait(crowd)


async def test_processes_count_guesses_together_and_know_each_others_sessions() -> None:
    tables = MemoryTables()
    async with run_console(make_settings(), tables) as first, run_console(make_settings(), tables) as second:
        guesses = [await log_in(console.client, "wrong") for console in (first, second) * 3]
        assert guesses == [403] * CLIENT.guesses + [429]

        tables.failures.clear()
        first.environment.login.throttle._refused_until.clear()
        await first.log_in()
        (kept,) = [cookie.value for cookie in first.client.session.cookie_jar if cookie.key == SESSION_COOKIE]
        async with second.client.get("/clicks", cookies={SESSION_COOKIE: kept}, allow_redirects=False) as response:
            assert response.status == 200


async def test_a_restart_logs_nobody_out() -> None:
    tables = MemoryTables()
    async with run_console(make_settings(), tables) as console:
        await console.log_in()
        kept = {cookie.key: cookie.value for cookie in console.client.session.cookie_jar}
    async with (
        run_console(make_settings(), tables) as console,
        console.client.get("/clicks", cookies=kept, allow_redirects=False) as response,
    ):
        assert response.status == 200


@pytest.mark.parametrize("changes", [{"password": "another password"}, {"session_secret": "s" * 32}])
async def test_a_new_password_or_session_secret_logs_everybody_out(changes: dict[str, str]) -> None:
    tables = MemoryTables()
    async with run_console(make_settings(), tables) as console:
        await console.log_in()
        kept = {cookie.key: cookie.value for cookie in console.client.session.cookie_jar}
    settings: Settings = make_settings(**{name: type(PROXIED.password)(value) for name, value in changes.items()})
    async with (
        run_console(settings, tables) as console,
        console.client.get("/clicks", cookies=kept, allow_redirects=False) as response,
    ):
        assert response.status == 303


async def test_without_its_tables_the_login_says_so_and_fails_nobody() -> None:
    async with run_console(make_settings()) as console:
        async with console.client.post("/login", data={"password": PASSWORD}, allow_redirects=False) as response:
            assert (response.status, "Retry-After" in response.headers) == (503, True)
            assert "PostgreSQL does not answer. Nobody can log in until this is fixed." in await response.text()
        async with console.client.get("/login") as response:
            assert response.status == 200
            assert "PostgreSQL does not answer. Nobody can log in until this is fixed." in await response.text()


async def test_without_its_tables_a_session_that_nobody_can_check_is_told_so_and_kept() -> None:
    async with run_console(make_settings()) as console:
        cookies = {SESSION_COOKIE: "A" * 43}
        async with console.client.get("/clicks", cookies=cookies, allow_redirects=False) as response:
            assert (response.status, SESSION_COOKIE in response.cookies) == (503, False)
            assert "PostgreSQL does not answer" in await response.text()
        async with console.client.get("/api/session", cookies=cookies) as response:
            assert (response.status, await response.text()) == (503, "PostgreSQL does not answer")
        async with console.client.get("/login", cookies=cookies) as response:
            assert response.status == 200


async def test_failed_logins_are_in_the_log_without_an_address_or_a_password(offline_console: Console) -> None:
    with structlog.testing.capture_logs() as lines:
        for _ in range(CLIENT.guesses + 1):
            await log_in(offline_console.client, "open sesame")
    told = [line for line in lines if "client" in line]

    assert [(line["event"], line["log_level"]) for line in told] == [
        *[("login failed", "warning")] * CLIENT.guesses,
        ("login refused", "warning"),
    ]
    assert len({line["client"] for line in told}) == 1
    assert [word for word in ("127.0.0.1", "sesame") if word in str(told)] == []


async def test_a_login_that_succeeds_is_in_the_log_too(offline_console: Console) -> None:
    with structlog.testing.capture_logs() as lines:
        await offline_console.log_in()
        await offline_console.log_in()

    told = [line["known_browser"] for line in lines if line["event"] == "logged in"]
    assert told == [False, True]


async def test_a_login_form_that_was_opened_before_another_tab_logged_in_is_no_stranger_to_it(
    offline_console: Console,
) -> None:
    await offline_console.log_in()

    assert await log_in(offline_console.client) == 303


async def test_a_login_sent_by_another_site_is_refused(anonymous_client: TestClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    async with anonymous_client.post(
        "/login", data={"password": PASSWORD}, headers=headers, allow_redirects=False
    ) as response:
        assert response.status == 403


async def test_who_is_logged_in_already_goes_on(logged_in_client: TestClient) -> None:
    async with logged_in_client.get("/login?next=/errors", allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (303, "/errors")


async def test_the_login_page_can_ask_whether_there_is_a_session(logged_in_client: TestClient) -> None:
    async with logged_in_client.get("/api/session") as response:
        assert (await response.json()).keys() == {"expires_at"}


async def test_a_session_lasts_as_long_as_the_settings_say() -> None:
    tables = MemoryTables()
    async with run_console(make_settings(session_hours=3), tables) as console:
        await console.log_in()
    (session,) = tables.sessions.values()

    assert (session.expires_at - session.begun_at).total_seconds() == 3 * 3600
    assert session.begun_at > NOW
