"""Logging in and out: one password, few guesses."""

import math
import secrets
from typing import Final

from aiohttp import hdrs, web

from console.environment import ENVIRONMENT, Environment
from console.forms import read_form
from console.guard import SESSION_COOKIE
from console.replies import reply
from console.sessions import SESSION, Session, is_same
from runtime.forwarded import read_scheme

HOUR_S: Final = 3600
LONGEST_PASSWORD: Final = 1024


async def show_login(request: web.Request) -> web.Response:
    target = local_target(request.query.get("next", ""))
    if SESSION in request:
        return go_to(target)
    return reply(request, "login.html", target=target, problem=None)


async def log_in(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    form = await read_form(request)
    target = local_target(form.get("next", ""))
    now_s = environment.now().timestamp()
    peer = request.remote or ""
    wait_s = environment.attempts.wait_s(peer, now_s)
    if wait_s > 0:
        environment.metrics.logins.labels("limited").inc()
        problem = f"Too many wrong guesses. Try again in {math.ceil(wait_s)} seconds."
        limited = reply(request, "login.html", 429, target=target, problem=problem)
        limited.headers[hdrs.RETRY_AFTER] = str(math.ceil(wait_s))
        return limited
    if not is_same(form.get("password", "")[:LONGEST_PASSWORD], environment.settings.password.reveal()):
        environment.attempts.fail(peer, now_s)
        environment.metrics.logins.labels("wrong").inc()
        return reply(request, "login.html", 403, target=target, problem="That is not the password.")
    environment.attempts.succeed(peer)
    environment.metrics.logins.labels("accepted").inc()
    return begin_session(request, environment, int(now_s), target)


def begin_session(request: web.Request, environment: Environment, now_s: int, target: str) -> web.Response:
    lasts_s = environment.settings.session_hours * HOUR_S
    session = Session(secrets.token_urlsafe(12), secrets.token_urlsafe(24), now_s + lasts_s)
    response = go_to(target)
    response.set_cookie(
        SESSION_COOKIE,
        environment.sessions.seal(session),
        max_age=lasts_s,
        httponly=True,
        samesite="Strict",
        secure=came_by_https(request),
        path="/",
    )
    return response


async def log_out(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    environment.sessions.revoke(request[SESSION], int(environment.now().timestamp()))
    response = go_to("/login")
    response.del_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="Strict", secure=came_by_https(request))
    return response


async def show_session(request: web.Request) -> web.Response:
    """Say that there is a session. A link from elsewhere brings no strict cookie: the login page asks this itself."""
    return web.json_response({"expires_at": request[SESSION].expires_at})


def came_by_https(request: web.Request) -> bool:
    # Whoever lies about this only spoils the cookie of their own browser.
    return request.secure or read_scheme(request.headers) == "https"


def local_target(target: str) -> str:
    """Give a path of ours to go to after the login: never another site, however it is dressed up."""
    is_local = target.startswith("/") and not target.startswith("//") and "\\" not in target and target.isprintable()
    return target if is_local and not target.startswith("/login") else "/"


def go_to(target: str) -> web.Response:
    return web.Response(status=303, headers={hdrs.LOCATION: target})
