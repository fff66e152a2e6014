"""Login: name, password and code, with limits on wrong guesses that never lock the owner out."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec
import structlog
from aiohttp import web

from console.audit.log import STRANGER, AuditEntry
from console.auth.browser_session import Proof, begin_session
from console.auth.device_cookie import DEVICE_COOKIE, read_device_cookie
from console.auth.login_page import PROBLEMS, is_owners_only, refuse
from console.auth.login_parts import Login
from console.auth.login_throttle import LoginClient
from console.auth.password_queue import QueueFull
from console.auth.pending_login import is_pending, read_user_id, write_pending
from console.auth.second_factor import digest_recovery_code, find_step, open_secret
from console.auth.users import LONGEST_LOGIN, OWNER_LOGIN, Account, is_login, is_user_id
from console.environment import ENVIRONMENT, Environment
from console.web.addresses import make_local_target
from console.web.forms import read_form
from console.web.responses import reply
from runtime.errors import DependencyAway

log = structlog.get_logger()

COME_AGAIN_S: Final = 5
PENDING: Final = "pending"


async def log_in(request: web.Request) -> web.Response:
    """Check login name and password, or the code that was asked for after them. Without a name it is the owner."""
    environment: Environment = request.app[ENVIRONMENT]
    form = await read_form(request)
    login = normalize_login(form.get("login", OWNER_LOGIN))
    client = identify_client(request, login)
    try:
        if PENDING in form:
            return await check_code(request, form)
        if wait_s := environment.login.throttle.cached_wait_s(client):
            return refuse(request, form, "limited", wait_s)
        async with environment.login.password_queue.line(is_known=client.is_known).turn():
            return await check_guess(request, form, client, login)
    except QueueFull:
        return refuse(request, form, "crowded", COME_AGAIN_S)
    except DependencyAway as error:
        return refuse(request, form, "away", COME_AGAIN_S, str(error))


def identify_client(request: web.Request, login: str) -> LoginClient:
    environment: Environment = request.app[ENVIRONMENT]
    client = environment.proxies.find_client(request.remote, request.headers)
    browser = read_device_cookie(environment.login.device_key, request.cookies.get(DEVICE_COOKIE, ""), login)
    return environment.login.throttle.identify(client, browser, login)


async def check_guess(request: web.Request, form: Mapping[str, str], client: LoginClient, login: str) -> web.Response:
    """Check a password guess. Raises DependencyAway."""
    environment: Environment = request.app[ENVIRONMENT]
    wait_s = await environment.login.throttle.admit(client, environment.now())
    if wait_s:
        log.warning("login refused", client=client.name, known_browser=client.is_known, wait_s=math.ceil(wait_s))
        return refuse(request, form, "limited", wait_s)
    account = await environment.login.accounts.find_by_login(login) if is_login(login) else None
    matches = await environment.login.password_queue.matches(form.get("password", ""), account)
    if account is None or not matches or not may_use_password(environment, account):
        await note_failure(request, client, account, "password")
        return refuse(request, form, "wrong")
    await environment.login.throttle.forgive(client, environment.now())
    if account.totp_sealed is not None:
        return ask_for_code(request, form, account)
    return await accept(request, form, Accepted(account, client, Proof("password")))


async def check_code(request: web.Request, form: Mapping[str, str]) -> web.Response:
    """Check a code of the second factor, of a login whose password was right. Raises DependencyAway."""
    environment: Environment = request.app[ENVIRONMENT]
    login, now = environment.login, environment.now()
    user_id = read_user_id(form[PENDING])
    account = await login.accounts.find_account(user_id) if is_user_id(user_id) else None
    is_current = account and is_pending(login.pending_key, form[PENDING], account, int(now.timestamp()))
    if account is None or not is_current or not may_use_password(environment, account):
        return refuse(request, form, "expired")
    client = identify_client(request, account.login)
    given = form.get("code", "")
    recovery = digest_recovery_code(given)
    if recovery is not None:
        if await login.accounts.use_recovery_code(account.id, recovery):
            return await accept(request, form, Accepted(account, client, Proof("password", "recovery code")))
    elif wait_s := await login.throttle.admit_code(client, account.id, now):
        return refuse(request, form, "limited", wait_s)
    elif await matches_code(login, account, given, now):
        await login.throttle.forgive_code(client, account.id)
        return await accept(request, form, Accepted(account, client, Proof("password", "code")))
    await note_failure(request, client, account, "code")
    return ask_for_code(request, form, account, PROBLEMS["wrong_code"][1])


def may_use_password(environment: Environment, account: Account) -> bool:
    """Tell whether a password lets this user in. Nobody is told why not: a guess that is right must not show."""
    return account.disabled_at is None and (account.role == "owner" or not is_owners_only(environment))


async def matches_code(login: Login, account: Account, given: str, now: datetime) -> bool:
    """Tell whether a code is right and was not used before, and note that it is used. Raises DependencyAway."""
    secret = open_secret(login.seal_key, account.id, account.totp_sealed or b"")
    if secret is None:
        log.error("a second factor cannot be read: CLICKRAIL_CONSOLE_SESSION_SECRET has changed", user=account.id)
        return False
    step = find_step(secret, given, now, account.totp_step)
    return step is not None and await login.accounts.use_step(account.id, step)


async def note_failure(request: web.Request, client: LoginClient, account: Account | None, wrong: str) -> None:
    """Write a wrong guess to the logs; what was guessed stands in neither. Raises DependencyAway."""
    environment: Environment = request.app[ENVIRONMENT]
    log.warning("login failed", client=client.name, known_browser=client.is_known)
    subject = f"user {account.login}" if account else "user of no known name"
    after = {"wrong": wrong, "client": client.name, "known_browser": client.is_known}
    await environment.login.accounts.write_entry(
        AuditEntry(environment.now(), STRANGER, "login.fail", subject, after=after)
    )


def ask_for_code(
    request: web.Request, form: Mapping[str, str], account: Account, problem: str | None = None
) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    environment.metrics.logins.labels("wrong_code" if problem else "code").inc()
    pending = write_pending(environment.login.pending_key, account, int(environment.now().timestamp()))
    target = make_local_target(environment.base, form.get("next", ""))
    status = PROBLEMS["wrong_code"][0] if problem else 200
    return reply(request, "code.html", status, target=target, pending=pending, problem=problem)


class Accepted(msgspec.Struct, frozen=True):
    """A login that is right: whose, from where, and how."""

    account: Account
    client: LoginClient
    proof: Proof


async def accept(request: web.Request, form: Mapping[str, str], accepted: Accepted) -> web.Response:
    """Begin the session. Raises DependencyAway."""
    environment: Environment = request.app[ENVIRONMENT]
    account, client = accepted.account, accepted.client
    response = await begin_session(request, form.get("next", ""), account, accepted.proof)
    environment.metrics.logins.labels("accepted").inc()
    log.info("logged in", client=client.name, known_browser=client.is_known, user=account.id, how=accepted.proof.how)
    return response


def normalize_login(login: str) -> str:
    return login.strip().lower()[:LONGEST_LOGIN]
