"""The page of users: the list, invitations, roles, and who is let in no more."""

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from aiohttp import hdrs, web

from console.auth.account_tables import Accounts, Change
from console.auth.keys import digest_of
from console.auth.login import may_use_password
from console.auth.login_page import is_owners_only, name_provider
from console.auth.refusals import Refusal
from console.auth.roles import ROLES
from console.auth.sessions import SESSION, TOKEN_BYTES, write_token
from console.auth.users import Account
from console.environment import ENVIRONMENT, Environment
from console.people import rules
from console.people.rules import By, NewUser, Place, by_session
from console.web.forms import read_form
from console.web.responses import reply
from identity.ulid import make_ulid

Rule = Callable[[Accounts, By, str, datetime], Change | Refusal]
DONE: Final = {
    "role": "The role is changed, and the user's sessions are ended.",
    "disable": "The user cannot log in any more, and all sessions are ended.",
    "enable": "The user can log in again.",
    "sessions": "All sessions of the user are ended.",
    "forget": "The account at the provider is forgotten: the next one with the user's address is theirs.",
}
RULES: Final[dict[str, Rule]] = {
    "disable": rules.disable,
    "enable": rules.enable,
    "sessions": rules.end_sessions,
    "forget": rules.forget_identity,
}
MEANINGS: Final = {
    "owner": "Everything, owners included",
    "admin": "Everything but owners: users, keys, jobs, erasure",
    "editor": "Reads all, and changes programs, affiliates and codes",
    "viewer": "Reads and exports all clicks",
    "affiliate": "Sees the numbers of one affiliate, and nothing personal",
}


async def show_users(request: web.Request) -> web.Response:
    return await reply_users(request, said=DONE.get(request.query.get("done", "")))


async def reply_users(request: web.Request, status: int = 200, **context: Any) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    accounts = await environment.login.accounts.list_accounts()
    roles = [role for role in ROLES if role != "owner" or request[SESSION].role == "owner"]
    known: dict[str, Any] = {"said": None, "refusal": None, "link": None, "invited": None, "given": {}}
    known |= {"provider": name_provider(environment), "owners_only": is_owners_only(environment)}
    known |= {"accounts": accounts, "roles": roles, "meanings": MEANINGS}
    return reply(request, "people/users.html", status, **known | context)


async def invite_user(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    form, now = await read_form(request), environment.now()
    token = secrets.token_bytes(TOKEN_BYTES)
    place = Place(form.get("role", ""), form.get("affiliate_id", ""))
    new = NewUser(form.get("login", ""), form.get("name", ""), place, make_id(now), digest_of(token))
    by = by_session(request[SESSION])
    done = await environment.login.accounts.change_account(lambda accounts: rules.invite(accounts, by, new, now))
    if isinstance(done, Refusal):
        return await reply_users(request, done.status, refusal=done, given=form)
    return await reply_with_link(request, token, done)


async def reply_with_link(request: web.Request, token: bytes, account: Account) -> web.Response:
    """Show the link with which a user sets a password, if a password lets them in."""
    is_useful = may_use_password(request.app[ENVIRONMENT], account)
    return await reply_users(request, link=make_link(request, token) if is_useful else None, invited=account)


async def change_role(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    form, user_id, now = await read_form(request), request.match_info["user_id"], environment.now()
    place, by = Place(form.get("role", ""), form.get("affiliate_id", "")), by_session(request[SESSION])
    return await finish(request, "role", lambda accounts: rules.change_role(accounts, by, user_id, place, now))


async def change_user(request: web.Request) -> web.Response:
    """Disable or enable a user, end all sessions of a user, or forget who they are at the provider."""
    environment: Environment = request.app[ENVIRONMENT]
    user_id, what, now = request.match_info["user_id"], request.match_info["what"], environment.now()
    by, rule = by_session(request[SESSION]), RULES[what]
    return await finish(request, what, lambda accounts: rule(accounts, by, user_id, now))


async def reset_user(request: web.Request) -> web.Response:
    """Show a link with which the user sets another password."""
    environment: Environment = request.app[ENVIRONMENT]
    user_id, now, token = request.match_info["user_id"], environment.now(), secrets.token_bytes(TOKEN_BYTES)
    by, digest = by_session(request[SESSION]), digest_of(token)
    done = await environment.login.accounts.change_account(
        lambda accounts: rules.reset(accounts, by, user_id, digest, now)
    )
    environment.login.sessions.forget()
    if isinstance(done, Refusal):
        return await reply_users(request, done.status, refusal=done)
    return await reply_with_link(request, token, done)


async def finish(request: web.Request, what: str, decide: Callable[[Accounts], Change | Refusal]) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    done: Account | Refusal = await environment.login.accounts.change_account(decide)
    environment.login.sessions.forget()
    if isinstance(done, Refusal):
        return await reply_users(request, done.status, refusal=done)
    return web.Response(status=303, headers={hdrs.LOCATION: environment.base.address(f"/users?done={what}")})


def make_id(now: datetime) -> str:
    return make_ulid(int(now.timestamp() * 1000), secrets.token_bytes(16)).lower()


def make_link(request: web.Request, token: bytes) -> str:
    """Return the address of an invitation, at the console's own URL, or where this request came to."""
    environment: Environment = request.app[ENVIRONMENT]
    url = environment.settings.url
    root = url.rstrip("/") if url else f"{request.scheme}://{request.host}"
    return f"{root}/invitation/{write_token(token)}"
