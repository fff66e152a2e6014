"""Who may see what, and what every answer carries."""

import re

import pytest
from aiohttp.test_utils import TestClient

from console.auth.guard import CONTENT_POLICY, SESSION_COOKIE
from console.web.route import Route
from console.web.routes import ROUTES, make_app
from tests.console.builders import NOW, ulid_at
from tests.console.running import Console

INVITATION, SHARED = "/invitation/{token}", "/shared/{token}"
OPEN = {
    *(("GET", "/login"), ("POST", "/login"), ("GET", "/static/{name}")),
    *(("GET", "/login/oidc"), ("GET", "/login/oidc/callback")),
    *(("GET", INVITATION), ("POST", INVITATION)),
    *(("GET", SHARED), ("POST", SHARED)),
}
HEADS = {("HEAD", path) for method, path in OPEN if method == "GET"}
VALUES = {
    "rest": "nowhere",
    "affiliate_id": "ann",
    "click_id": ulid_at(NOW),
    "topic": "clicks.raw",
    "partition": "1",
    "offset": "2",
    "name": "console.css",
    "what": "disable",
    "session_id": "a" * 64,
    "token": "t" * 43,
}


def address_of(path: str) -> str:
    return re.sub(r"\{(\w+)(?::[^}]*\})?[^/]*", lambda match: VALUES.get(match[1], "one"), path)


async def test_every_address_but_the_login_and_its_files_is_for_who_is_logged_in(
    offline_console: Console,
) -> None:
    answers = {}
    for route in make_app(offline_console.environment).router.routes():
        place = ("GET" if route.method == "*" else route.method, route.resource.canonical)
        async with offline_console.client.request(place[0], address_of(place[1]), allow_redirects=False) as response:
            answers[place] = (response.status, response.headers.get("Location", "")[:12])

    closed = {place: answer for place, answer in answers.items() if place not in OPEN | HEADS}
    assert len([method for method, _ in closed if method != "HEAD"]) == len(ROUTES) - len(OPEN) + 1
    assert set(closed.values()) == {(303, "/login?next="), (401, "")}


def test_every_address_says_who_may_see_it() -> None:
    api = {route.path for route in ROUTES if route.access == "api"}

    assert {(route.method, route.path) for route in ROUTES if route.access in ("file", "login")} == OPEN
    assert all(path.startswith(("/parts/", "/live/", "/api/")) for path in api)


@pytest.mark.parametrize("route", [route for route in ROUTES if route.access == "api"], ids=lambda route: route.path)
async def test_what_scripts_ask_for_is_answered_401_and_not_with_a_page(lasting_console: Console, route: Route) -> None:
    async with lasting_console.client.request(route.method, address_of(route.path), allow_redirects=False) as response:
        assert response.status == 401


async def test_a_page_sends_a_stranger_to_the_login_and_back(anonymous_client: TestClient) -> None:
    async with anonymous_client.get("/clicks?code=a&visitors=bots", allow_redirects=False) as response:
        assert response.headers["Location"] == "/login?next=/clicks%3Fcode%3Da%26visitors%3Dbots"


async def test_a_page_that_does_not_exist_is_no_secret_told_to_strangers(anonymous_client: TestClient) -> None:
    async with anonymous_client.get("/no/such/page", allow_redirects=False) as response:
        assert response.status == 303


async def test_a_page_that_does_not_exist_is_told_to_who_is_logged_in(logged_in_client: TestClient) -> None:
    async with logged_in_client.get("/no/such/page") as response:
        assert response.status == 404
        assert "There is no such page" in await response.text()


@pytest.mark.parametrize("path", ["/login", "/clicks", "/no/such/page", "/live/clicks", "/static/nothing.js"])
async def test_every_answer_carries_the_policy(anonymous_client: TestClient, path: str) -> None:
    async with anonymous_client.get(path, allow_redirects=False) as response:
        headers = response.headers

    assert headers["Content-Security-Policy"] == CONTENT_POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "Server" not in headers


def test_the_policy_lets_nothing_in_from_elsewhere_and_nothing_inline() -> None:
    rules = dict(rule.split(" ", 1) for rule in CONTENT_POLICY.split("; "))

    assert rules["default-src"] == "'none'"
    assert "unsafe" not in CONTENT_POLICY
    assert {word for values in rules.values() for word in values.split()} == {"'none'", "'self'", "data:"}


async def test_a_change_of_state_without_the_sessions_token_is_refused(logged_in_client: TestClient) -> None:
    for data in ({}, {"csrf": ""}, {"csrf": "wrong"}):
        async with logged_in_client.post("/logout", data=data, allow_redirects=False) as response:
            assert response.status == 403
    async with logged_in_client.get("/clicks", allow_redirects=False) as response:
        assert response.status == 200


async def test_a_change_of_state_with_the_token_is_done(offline_console: Console) -> None:
    await offline_console.log_in()
    headers = {"X-CSRF-Token": await offline_console.read_csrf()}
    async with offline_console.client.post("/logout", headers=headers, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (303, "/login")


async def test_a_session_that_was_logged_out_is_refused_even_if_its_cookie_was_kept(
    offline_console: Console,
) -> None:
    await offline_console.log_in()
    kept = {cookie.key: cookie.value for cookie in offline_console.client.session.cookie_jar}
    async with offline_console.client.post(
        "/logout", data={"csrf": await offline_console.read_csrf()}, allow_redirects=False
    ):
        pass
    async with offline_console.client.get("/clicks", cookies=kept, allow_redirects=False) as response:
        assert response.status == 303


@pytest.mark.parametrize("value", ["", "nonsense", "💣", "a.b.c", "x" * 4000])
async def test_a_cookie_that_was_made_up_is_nobody(anonymous_client: TestClient, value: str) -> None:
    async with anonymous_client.get("/clicks", cookies={SESSION_COOKIE: value}, allow_redirects=False) as response:
        assert response.status == 303


async def test_the_pages_own_files_may_be_kept_for_ever(offline_console: Console) -> None:
    for url in offline_console.environment.assets.urls.values():
        async with offline_console.client.get(url) as response:
            assert (response.status, response.headers["Cache-Control"]) == (
                200,
                "public, max-age=31536000, immutable",
            )


@pytest.mark.parametrize("name", ["..%2fsettings.py", "%2e%2e%2fsettings.py", "console.css", "%00"])
async def test_nothing_but_the_pages_own_files_is_handed_out(anonymous_client: TestClient, name: str) -> None:
    async with anonymous_client.get(f"/static/{name}", allow_redirects=False) as response:
        assert response.status == 404
