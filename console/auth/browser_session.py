"""Begins and ends the session of a browser, and sets its cookies."""

import secrets
from datetime import timedelta
from typing import Final, Literal

import msgspec
from aiohttp import hdrs, web

from console.audit.log import Actor, AuditEntry, actor_of
from console.auth.browsers import name_browser
from console.auth.device_cookie import DEVICE_COOKIE, DEVICE_COOKIE_S, ID_BYTES, read_device_cookie, write_device_cookie
from console.auth.guard import SESSION_COOKIE
from console.auth.roles import may
from console.auth.sessions import SESSION, TOKEN_BYTES, NewLogin, write_token
from console.auth.users import Account
from console.environment import ENVIRONMENT, Environment
from console.web.addresses import Base, make_local_target
from console.web.responses import reply
from runtime.forwarded import read_scheme

START: Final = "/views/start"
"""Leads to the view that somebody begins with."""


class Proof(msgspec.Struct, frozen=True):
    """How somebody has logged in, and with which second factor, for the audit log."""

    how: Literal["password", "invitation", "openid connect"]
    second_factor: str = "none"


async def begin_session(request: web.Request, wanted: str, account: Account, proof: Proof) -> web.Response:
    """Begin a session, set the device cookie, and lead to the page that was wanted. Raises DependencyAway."""
    environment: Environment = request.app[ENVIRONMENT]
    login, now = environment.login, environment.now()
    token, lasts = secrets.token_bytes(TOKEN_BYTES), timedelta(hours=environment.settings.session_hours)
    browser = name_browser(request.headers.get(hdrs.USER_AGENT, ""))
    actor = Actor("user", account.id, account.name)
    after = {"browser": browser, "how": proof.how, "second_factor": proof.second_factor}
    entry = AuditEntry(now, actor, "login", f"user {account.login}", after=after)
    await login.sessions.begin(NewLogin(account.user, browser, entry), token, now, lasts)
    target = find_first_page(environment.base, wanted, account)
    # Who comes from the provider's page would be led on without a SameSite=Strict cookie: a page of ours goes on.
    comes_from_elsewhere = proof.how == "openid connect"
    response = reply(request, "logged_in.html", target=target) if comes_from_elsewhere else go_to(target)
    set_cookie(request, response, SESSION_COOKIE, write_token(token), int(lasts.total_seconds()))
    remember_browser(request, response, DEVICE_COOKIE, account.login)
    return response


def remember_browser(request: web.Request, response: web.Response, cookie: str, login: str) -> None:
    """Give the browser an allowance of its own at the next login."""
    key = request.app[ENVIRONMENT].login.device_key
    known = read_device_cookie(key, request.cookies.get(cookie, ""), login)
    value = write_device_cookie(key, known or secrets.token_bytes(ID_BYTES), login)
    set_cookie(request, response, cookie, value, DEVICE_COOKIE_S)


def find_first_page(base: Base, wanted: str, account: Account) -> str:
    """Return the page that was wanted, or the first page of the user."""
    target = make_local_target(base, wanted)
    if target != base.address("/"):
        return target
    return base.address(START if may(account.role, "read") else "/own")


async def log_out(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    session = request[SESSION]
    entry = AuditEntry(environment.now(), actor_of(session), "logout", f"user {session.user.id}")
    await environment.login.sessions.end(session.id, entry)
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
