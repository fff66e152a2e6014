"""Login and logout: one password, a limit on wrong guesses that never locks the owner out."""

import math
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import structlog
from aiohttp import hdrs, web

from console.auth.device_cookie import DEVICE_COOKIE, DEVICE_COOKIE_S, ID_BYTES, read_device_cookie, write_device_cookie
from console.auth.guard import SESSION_COOKIE
from console.auth.login_throttle import LoginClient
from console.auth.password_queue import QueueFull
from console.auth.sessions import SESSION, TOKEN_BYTES, write_token
from console.auth.users import OWNER
from console.environment import ENVIRONMENT, Environment
from console.web.addresses import make_local_target
from console.web.forms import read_form
from console.web.responses import reply
from runtime.errors import DependencyAway
from runtime.forwarded import read_scheme

log = structlog.get_logger()

HOUR_S: Final = 3600
COME_AGAIN_S: Final = 5

PROBLEMS: Final[Mapping[str, tuple[int, str]]] = {
    "wrong": (403, "That is not the password."),
    "limited": (429, "Too many wrong guesses. Try again in {wait_s} seconds."),
    "crowded": (503, "Too many logins are waiting. Try again in {wait_s} seconds."),
    "away": (503, "{problem}. Nobody can log in until this is fixed."),
}
"""Results of a failed login, named as in the metric: the response's status, and the page's message."""


async def show_login(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    target = make_local_target(environment.base, request.query.get("next", ""))
    if SESSION in request:
        return go_to(target)
    away = environment.login_problem()
    problem = PROBLEMS["away"][1].format(problem=away) if away else None
    return reply(request, "login.html", target=target, problem=problem, wrong=False)


async def log_in(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    form = await read_form(request)
    client = identify_client(request)
    try:
        if wait_s := environment.login.throttle.cached_wait_s(client):
            return refuse(request, form, "limited", wait_s)
        async with environment.login.password_queue.line(is_known=client.is_known).turn():
            return await check_guess(request, form, client)
    except QueueFull:
        return refuse(request, form, "crowded", COME_AGAIN_S)
    except DependencyAway as error:
        return refuse(request, form, "away", COME_AGAIN_S, str(error))


def identify_client(request: web.Request) -> LoginClient:
    environment: Environment = request.app[ENVIRONMENT]
    client = environment.proxies.find_client(request.remote, request.headers)
    browser = read_device_cookie(environment.login.device_key, request.cookies.get(DEVICE_COOKIE, ""))
    return environment.login.throttle.identify(client, browser)


async def check_guess(request: web.Request, form: Mapping[str, str], client: LoginClient) -> web.Response:
    """Check a password guess. Raises DependencyAway."""
    environment: Environment = request.app[ENVIRONMENT]
    wait_s = await environment.login.throttle.admit(client, environment.now())
    if wait_s:
        log.warning("login refused", client=client.name, known_browser=client.is_known, wait_s=math.ceil(wait_s))
        return refuse(request, form, "limited", wait_s)
    if not await environment.login.password_queue.matches(form.get("password", "")):
        log.warning("login failed", client=client.name, known_browser=client.is_known)
        return refuse(request, form, "wrong")
    response = await begin_session(request, form)
    await environment.login.throttle.forgive(client)
    environment.metrics.logins.labels("accepted").inc()
    log.info("logged in", client=client.name, known_browser=client.is_known)
    return response


def refuse(
    request: web.Request, form: Mapping[str, str], result: str, wait_s: float = 0, problem: str = ""
) -> web.Response:
    """Show the login page again, with the problem."""
    environment: Environment = request.app[ENVIRONMENT]
    environment.metrics.logins.labels(result).inc()
    status, words = PROBLEMS[result]
    response = reply(
        request,
        "login.html",
        status,
        target=make_local_target(environment.base, form.get("next", "")),
        problem=words.format(wait_s=math.ceil(wait_s), problem=problem),
        wrong=result == "wrong",
    )
    if wait_s:
        response.headers[hdrs.RETRY_AFTER] = str(math.ceil(wait_s))
    return response


async def begin_session(request: web.Request, form: Mapping[str, str]) -> web.Response:
    """Begin a session and set the device cookie. Raises DependencyAway."""
    environment: Environment = request.app[ENVIRONMENT]
    token, lasts = secrets.token_bytes(TOKEN_BYTES), timedelta(hours=environment.settings.session_hours)
    await environment.login.sessions.begin(OWNER, token, environment.now(), lasts)
    response = go_to(make_local_target(environment.base, form.get("next", "")))
    set_cookie(request, response, SESSION_COOKIE, write_token(token), int(lasts.total_seconds()))
    key = environment.login.device_key
    browser = read_device_cookie(key, request.cookies.get(DEVICE_COOKIE, "")) or secrets.token_bytes(ID_BYTES)
    set_cookie(request, response, DEVICE_COOKIE, write_device_cookie(key, browser), DEVICE_COOKIE_S)
    return response


async def log_out(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    await environment.login.sessions.end(request[SESSION])
    response = go_to(environment.base.address("/login"))
    set_cookie(request, response, SESSION_COOKIE, "", 0)
    return response


async def show_session(request: web.Request) -> web.Response:
    """Report the session. The login page asks this: a link from another site carries no SameSite=Strict cookie."""
    return web.json_response({"expires_at": int(request[SESSION].expires_at.timestamp())})


def set_cookie(request: web.Request, response: web.Response, name: str, value: str, lasts_s: int) -> None:
    """Set a cookie; a lifetime of 0 deletes it."""
    environment: Environment = request.app[ENVIRONMENT]
    secure = is_https(request, environment.settings.url)
    path = environment.base.cookie_path
    response.set_cookie(name, value, max_age=lasts_s, path=path, httponly=True, samesite="Strict", secure=secure)


def is_https(request: web.Request, url: str | None) -> bool:
    # A forged header only affects the cookie of the client that sent it.
    return request.secure or (url or "").startswith("https:") or read_scheme(request.headers) == "https"


def go_to(target: str) -> web.Response:
    return web.Response(status=303, headers={hdrs.LOCATION: target})
