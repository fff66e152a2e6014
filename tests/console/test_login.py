"""Logging in and out."""

import pytest
from aiohttp.test_utils import TestClient

from console.attempts import FREE
from console.guard import SESSION_COOKIE
from console.login import local_target
from tests.console.running import PASSWORD, Console


async def test_the_password_opens_a_session_and_leads_on(stranger: TestClient) -> None:
    data = {"password": PASSWORD, "next": "/clicks?code=a"}
    async with stranger.post("/login", data=data, allow_redirects=False) as response:
        cookie = response.cookies[SESSION_COOKIE]
        assert (response.status, response.headers["Location"]) == (303, "/clicks?code=a")

    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (True, "Strict", "/", "")
    assert cookie["max-age"] == str(12 * 3600)


@pytest.mark.parametrize(
    "headers",
    [
        [("X-Forwarded-Proto", "https")],
        [("X-Forwarded-Proto", "https, https")],
        [("X-Forwarded-Proto", "https"), ("X-Forwarded-Proto", "http")],
        [("Forwarded", 'for="[2001:db8::1]";proto=https, for=10.0.0.1;proto=http')],
    ],
)
async def test_a_cookie_given_by_https_is_sent_by_https_only(
    stranger: TestClient, headers: list[tuple[str, str]]
) -> None:
    async with stranger.post("/login", data={"password": PASSWORD}, headers=headers, allow_redirects=False) as response:
        assert response.cookies[SESSION_COOKIE]["secure"] is True


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD.upper(), PASSWORD + " ", "\ufffd", "x" * 10_000])
async def test_any_other_password_opens_nothing(stranger: TestClient, password: str) -> None:
    async with stranger.post("/login", data={"password": password}, allow_redirects=False) as response:
        assert response.status == 403
        assert SESSION_COOKIE not in response.cookies
        assert "not the password" in await response.text()


async def test_who_guesses_too_often_has_to_wait_even_with_the_right_password(lonely: Console) -> None:
    for _ in range(FREE):
        async with lonely.client.post("/login", data={"password": "wrong"}) as response:
            assert response.status == 403
    async with lonely.client.post("/login", data={"password": PASSWORD}, allow_redirects=False) as response:
        assert response.status == 429
        assert 0 < int(response.headers["Retry-After"]) <= 30

    count = lonely.environment.registry.get_sample_value
    assert count("clickrail_console_logins_total", {"result": "wrong"}) == FREE
    assert count("clickrail_console_logins_total", {"result": "limited"}) == 1


async def test_a_login_sent_by_another_site_is_refused(stranger: TestClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    async with stranger.post("/login", data={"password": PASSWORD}, headers=headers, allow_redirects=False) as response:
        assert response.status == 403


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "/a\r\nSet-Cookie: x=1"],
)
def test_a_login_never_leads_to_another_site(target: str) -> None:
    assert local_target(target) == "/"


def test_a_login_leads_to_where_one_wanted_to_go_but_not_to_itself() -> None:
    assert local_target("/clicks/01?a=b") == "/clicks/01?a=b"
    assert local_target("/login?next=/login") == "/"


async def test_who_is_logged_in_already_goes_on(visitor: TestClient) -> None:
    async with visitor.get("/login?next=/errors", allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (303, "/errors")


async def test_the_login_page_can_ask_whether_there_is_a_session(visitor: TestClient) -> None:
    async with visitor.get("/api/session") as response:
        assert (await response.json()).keys() == {"expires_at"}
