"""The page of one's own account: name, password, and where one is logged in."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from aiohttp import hdrs, web

from console.audit.log import AuditEntry
from console.auth.account_tables import Accounts, Change
from console.auth.login import identify_client, may_use_password
from console.auth.login_page import name_provider
from console.auth.password_queue import QueueFull
from console.auth.refusals import Refusal
from console.auth.sessions import SESSION
from console.auth.users import Account
from console.environment import ENVIRONMENT, Environment
from console.people import own_rules
from console.people.rules import by_session
from console.web.forms import read_form
from console.web.responses import reply

DONE: Final = {
    "name": "Your name is changed.",
    "password": "Your password is changed, and all your other sessions are ended.",
    "code": "From now on a code is asked for at your login.",
    "no_code": "No code is asked for at your login any more.",
    "session": "The session is ended.",
}
NOT_THE_PASSWORD: Final = Refusal("That is not your password of now.", field="current", status=403)
CROWDED: Final = Refusal("Too many logins are waiting. Try again in 5 seconds.", status=503)
GONE: Final = Refusal("There is no such session.", status=404)


async def show_account(request: web.Request) -> web.Response:
    return await reply_account(request, said=DONE.get(request.query.get("done", "")))


async def reply_account(request: web.Request, status: int = 200, **context: Any) -> web.Response:
    """Show the page; `recovery_codes` are shown once, when they are made."""
    environment: Environment = request.app[ENVIRONMENT]
    account = await find_own(request)
    known: dict[str, Any] = {"said": None, "refusal": None, "setup": None, "recovery_codes": None}
    known["provider"] = name_provider(environment)
    known["uses_password"] = account.has_password and may_use_password(environment, account)
    return reply(
        request,
        "people/account.html",
        status,
        account=account,
        sessions=await environment.login.sessions.list_sessions(account.id, environment.now()),
        left=await environment.login.accounts.count_recovery_codes(account.id),
        **known | context,
    )


async def find_own(request: web.Request) -> Account:
    """Find the account of who is logged in. Raises DependencyAway, and HTTPNotFound if it is gone."""
    account = await request.app[ENVIRONMENT].login.accounts.find_account(request[SESSION].user.id)
    if account is None:
        raise web.HTTPNotFound
    return account


async def change_name(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    session, now = request[SESSION], environment.now()
    name, by = (await read_form(request)).get("name", ""), by_session(session)
    return await finish(request, "name", lambda accounts: own_rules.rename(accounts, by, session.user.id, name, now))


async def change_password(request: web.Request) -> web.Response:
    """Change the password of who knows the one of now."""
    environment: Environment = request.app[ENVIRONMENT]
    session, now = request[SESSION], environment.now()
    account, form = await find_own(request), await read_form(request)
    password = form.get("password", "")
    if refusal := own_rules.check_password(password, form.get("repeated", ""), account.login):
        return await reply_account(request, refusal.status, refusal=refusal)
    if refusal := await check_current_password(request, account, form):
        return await reply_account(request, refusal.status, refusal=refusal)
    hashed, by = await environment.login.password_queue.hash(password), by_session(session)
    return await finish(
        request,
        "password",
        lambda accounts: own_rules.set_password(accounts, by, session.user.id, hashed, now, session.id),
    )


async def check_current_password(request: web.Request, account: Account, form: Mapping[str, str]) -> Refusal | None:
    """Say why the current password is not taken: wrong guesses count here as they do at the login."""
    environment: Environment = request.app[ENVIRONMENT]
    login, client = environment.login, identify_client(request, account.login)
    try:
        async with login.password_queue.line(is_known=client.is_known).turn():
            if wait_s := await login.throttle.admit(client, environment.now()):
                return Refusal(f"Too many wrong guesses. Try again in {wait_s:.0f} seconds.", "current", 429)
            if not await login.password_queue.matches(form.get("current", ""), account):
                return NOT_THE_PASSWORD
    except QueueFull:
        return CROWDED
    await login.throttle.forgive(client, environment.now())
    return None


async def end_own_session(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    account, login, now = await find_own(request), environment.login, environment.now()
    sessions = await login.sessions.list_sessions(account.id, now)
    wanted = request.match_info["session_id"]
    found = next((one for one in sessions if one.token_sha256.hex() == wanted), None)
    if found is None:
        return await reply_account(request, GONE.status, refusal=GONE)
    before = {"browser": found.browser, "begun_at": found.begun_at.isoformat()}
    actor = by_session(request[SESSION]).actor
    entry = AuditEntry(now, actor, "session.end", f"user {account.login}", before)
    await login.sessions.end(found.token_sha256, entry)
    return go_to_account(request, "session")


async def finish(request: web.Request, what: str, decide: Callable[[Accounts], Change | Refusal]) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    done = await environment.login.accounts.change_account(decide)
    environment.login.sessions.forget()
    if isinstance(done, Refusal):
        return await reply_account(request, done.status, refusal=done)
    return go_to_account(request, what)


def go_to_account(request: web.Request, done: str) -> web.Response:
    base = request.app[ENVIRONMENT].base
    return web.Response(status=303, headers={hdrs.LOCATION: base.address(f"/account?done={done}")})
