"""Access control: only the login page and static files are open; everything else requires a session."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Literal, TypeAlias

from aiohttp import hdrs, web

from console.auth.passwords import is_same
from console.auth.sessions import SESSION, Session
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
BACK: Final = "This page reloads as soon as it answers."


async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Add the security headers to every response."""
    response.headers.update(HEADERS)
    # Do not reveal versions.
    response.headers.popall(hdrs.SERVER, None)
    response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Require a session where the route needs one, and the session's CSRF token for every change of state."""
    access: Access = request.app[ACCESS].get(request.match_info.route, "page")
    try:
        session = None if access == "file" else await read_session(request)
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
    return await call_handler(request, handler, access)


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


def answer_unavailable(request: web.Request, access: Access, error: DependencyAway) -> web.Response:
    if access == "api":
        return web.Response(status=503, text=str(error))
    return reply_with_error(request, 503, str(error), BACK)


def answer_unauthenticated(request: web.Request, access: Access) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    if access == "page" and request.method in SAFE:
        return web.Response(status=303, headers={hdrs.LOCATION: make_login_address(environment.base, request.path_qs)})
    return web.Response(status=401, text="Log in first.")


async def is_change_intended(request: web.Request, session: Session | None) -> bool:
    """Tell whether the user meant this change: it has the session's CSRF token, or comes from our login page."""
    if session is None:
        return request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")
    given = request.headers.get(CSRF_HEADER)
    if given is None:
        given = (await read_form(request)).get(CSRF_FIELD, "")
    return is_same(given, session.csrf)
