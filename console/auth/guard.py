"""Access control: only the login page and static files are open; everything else requires a session or an API key.

Each route says which permission it needs, and each role which permissions it has (`console/auth/roles.py`).
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Literal, TypeAlias

from aiohttp import hdrs, web

from console.api.problems import answer_problem
from console.auth.passwords import is_same
from console.auth.roles import MAY, Permission
from console.auth.sessions import SESSION
from console.auth.users import Session
from console.database import InvalidValue
from console.environment import ENVIRONMENT, Environment
from console.web.addresses import make_login_address
from console.web.forms import read_form
from console.web.responses import reply_with_error
from runtime.errors import DependencyAway

Access: TypeAlias = Literal["file", "login", "page", "api"]
"""`file` and `login` are open. Without a session a `page` redirects to the login, and an `api` answers 401."""

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

SESSION_COOKIE: Final = "clickrail_session"
ACCESS: Final = web.AppKey("access", Mapping[web.AbstractRoute, Access])
NEEDS: Final = web.AppKey("needs", Mapping[web.AbstractRoute, Permission])
CSRF_HEADER: Final = "X-CSRF-Token"
CSRF_FIELD: Final = "csrf"
SAFE: Final = ("GET", "HEAD")

CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
WHAT_IT_TAKES: Final[Mapping[Permission, str]] = {
    "enter": "somebody who is logged in",
    "own": "an affiliate",
    "read": "somebody who may read all clicks",
    "edit": "somebody who may change programs, affiliates and codes",
    "operate": "somebody who may replay and erase",
    "administer": "somebody who may manage users and keys",
}
"""Whom a page is for, by the permission that it needs."""
BACK: Final = "This page reloads as soon as it answers."


async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Add the security headers to every response."""
    response.headers.update(HEADERS)
    # Do not reveal versions.
    response.headers.popall(hdrs.SERVER, None)
    response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Require a session or key where the route needs one, its permission, and the CSRF token for changes of state."""
    access = find_access(request)
    try:
        session = None if access == "file" else await find_principal(request, access)
    except DependencyAway as error:
        if access != "login":
            return answer_unavailable(request, access, error)
        session = None
    if session is not None:
        request[SESSION] = session
    elif access in ("page", "api"):
        return answer_unauthenticated(request, access)
    # The login form has no CSRF token: it may have been opened before the session began.
    if request.method not in SAFE and not await is_change_intended(request, None if access == "login" else session):
        return reply_with_error(request, 403, "This form is out of date", "Go back, reload the page and try again.")
    needs = request.app[NEEDS].get(request.match_info.route, "enter")
    if session is not None and access in ("page", "api") and needs not in MAY[session.role]:
        return answer_forbidden(request, access, session, needs)
    return await call_handler(request, handler, access)


def find_access(request: web.Request) -> Access:
    """Tell who a request is for. An address that is none of ours is the API's if it is below it, else a page's."""
    known = request.app[ACCESS].get(request.match_info.route)
    return known or ("api" if is_of_the_api(request) else "page")


async def call_handler(request: web.Request, handler: Handler, access: Access) -> web.StreamResponse:
    try:
        return await handler(request)
    except DependencyAway as error:
        return answer_unavailable(request, access, error)
    except InvalidValue as error:
        if access == "api":
            return web.Response(status=400, text=str(error))
        return reply_with_error(request, 400, str(error), "Check the address of this page.")
    except web.HTTPNotFound:
        return reply_with_error(request, 404, "There is no such page", "Go to the overview to find what you need.")


async def read_session(request: web.Request) -> Session | None:
    """Find the session of a request. Raises DependencyAway if that cannot be checked."""
    environment: Environment = request.app[ENVIRONMENT]
    token = request.cookies.get(SESSION_COOKIE, "")
    return await environment.login.sessions.find(token, environment.now()) if token else None


async def find_principal(request: web.Request, access: Access) -> Session | None:
    """Find who asks: a program by its API key, which only the API takes, else a browser by its session."""
    if access == "api" and hdrs.AUTHORIZATION in request.headers:
        environment: Environment = request.app[ENVIRONMENT]
        return await environment.login.keys.find(request.headers[hdrs.AUTHORIZATION], environment.now())
    return await read_session(request)


def answer_forbidden(request: web.Request, access: Access, session: Session, needs: Permission) -> web.Response:
    """Say what is missing: the permission that the route needs, and the role that lacks it."""
    detail = f"This is for {WHAT_IT_TAKES[needs]}: your role, {session.role}, is not allowed to."
    if is_of_the_api(request):
        return answer_problem(403, "not_allowed", f"{detail} It needs the permission {needs}.")
    if access == "api":
        return web.Response(status=403, text=detail)
    advice = f"{detail} Ask an owner or admin for another role if you need it."
    return reply_with_error(request, 403, "You are not allowed to see this page", advice)


def is_of_the_api(request: web.Request) -> bool:
    environment: Environment = request.app[ENVIRONMENT]
    return environment.base.relative(request.path).startswith("/api/v1/")


def answer_unavailable(request: web.Request, access: Access, error: DependencyAway) -> web.Response:
    if is_of_the_api(request):
        return answer_problem(503, "unavailable", str(error))
    if access == "api":
        return web.Response(status=503, text=str(error))
    return reply_with_error(request, 503, str(error), BACK)


def answer_unauthenticated(request: web.Request, access: Access) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    if access == "page" and request.method in SAFE:
        return web.Response(status=303, headers={hdrs.LOCATION: make_login_address(environment.base, request.path_qs)})
    headers = {hdrs.WWW_AUTHENTICATE: "Bearer"} if hdrs.AUTHORIZATION in request.headers else {}
    if is_of_the_api(request):
        detail = "Log in, or send an API key that is valid: Authorization: Bearer crk_..."
        response = answer_problem(401, "not_logged_in", detail)
        response.headers.update(headers)
        return response
    return web.Response(status=401, text="Log in first.", headers=headers)


async def is_change_intended(request: web.Request, session: Session | None) -> bool:
    """Tell whether the user meant this change: it has the session's CSRF token, or comes from our login page."""
    if session is not None and session.is_key:
        # No browser sends a key without its page's own script.
        return True
    if session is None:
        return request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")
    given = request.headers.get(CSRF_HEADER)
    if given is None:
        given = (await read_form(request)).get(CSRF_FIELD, "")
    return is_same(given, session.csrf)
