"""Every route and every role: who is let in, from one table that is written by hand and not read from the code."""

import pytest

from console.auth.guard import SESSION_COOKIE
from console.auth.roles import ROLES, Permission, Role
from console.web.route import Route
from console.web.routes import ROUTES
from tests.console.auth.test_guard import address_of
from tests.console.running import Console

LET_IN: dict[Permission, set[Role]] = {
    "enter": {"owner", "admin", "editor", "viewer", "affiliate"},
    "own": {"affiliate"},
    "read": {"owner", "admin", "editor", "viewer"},
    "edit": {"owner", "admin", "editor"},
    "operate": {"owner", "admin"},
    "administer": {"owner", "admin"},
}
CLOSED = [route for route in ROUTES if route.access in ("page", "api")]
REFUSED = (401, 403)


async def answer_of(console: Console, route: Route, cookies: dict[str, str], csrf: str = "") -> int:
    """Ask without following. What writes is asked with the session's own token."""
    headers = {"X-CSRF-Token": csrf}
    async with console.client.request(
        route.method, address_of(route.path), cookies=cookies, headers=headers, allow_redirects=False
    ) as response:
        if response.headers.get("Location", "").startswith("/login?next="):
            return 401
        return response.status


@pytest.mark.parametrize("role", ROLES)
async def test_each_route_lets_in_those_roles_that_its_permission_says(offline_console: Console, role: Role) -> None:
    console, wrong = offline_console, []
    for route in CLOSED:
        # A session for each: one of the routes ends it.
        token = await console.begin_session(role)
        session = await console.environment.login.sessions.find(token, console.environment.now())
        assert session is not None
        status = await answer_of(console, route, {SESSION_COOKIE: token}, session.csrf)
        if (status not in REFUSED) != (role in LET_IN[route.needs]):
            wrong.append((route.method, route.path, status))

    assert wrong == []


async def test_nobody_who_is_not_logged_in_is_let_in_anywhere(offline_console: Console) -> None:
    answers = {(route.method, route.path): await answer_of(offline_console, route, {}) for route in CLOSED}

    assert [place for place, status in answers.items() if status != 401] == []


@pytest.mark.parametrize("role", ROLES)
async def test_a_change_without_the_sessions_token_is_refused_to_every_role(
    offline_console: Console, role: Role
) -> None:
    cookies = {SESSION_COOKIE: await offline_console.begin_session(role)}
    changes = [route for route in CLOSED if route.method != "GET"]

    assert {await answer_of(offline_console, route, cookies) for route in changes} == {403}


async def test_who_is_refused_a_page_is_told_what_is_missing(offline_console: Console) -> None:
    await offline_console.log_in("affiliate")
    async with offline_console.client.get("/clicks") as response:
        text = await response.text()

    assert response.status == 403
    assert "You are not allowed to see this page" in text
    assert "This is for somebody who may read all clicks: your role, affiliate, is not allowed to." in text
    assert 'href="/own"' in text


async def test_who_is_refused_by_the_api_is_told_what_is_missing_as_json(offline_console: Console) -> None:
    await offline_console.log_in("affiliate")
    async with offline_console.client.get("/api/v1/attribution") as response:
        assert (response.status, response.content_type) == (403, "application/problem+json")
        assert await response.json(content_type=None) == {
            "status": 403,
            "reason": "not_allowed",
            "title": "Not allowed",
            "detail": "This is for somebody who may read all clicks: your role, affiliate, is not allowed to."
            " It needs the permission read.",
        }


def test_only_the_routes_of_ones_own_are_for_everybody_who_is_logged_in() -> None:
    own = ("/account", "/logout", "/api/session", "/api/status", "/api/v1/openapi.json")

    assert [route.path for route in CLOSED if route.needs == "enter" and not route.path.startswith(own)] == []
