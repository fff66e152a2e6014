"""The page of an invitation: who has its link sets a password, once."""

from collections.abc import Mapping
from typing import Final

from aiohttp import hdrs, web

from console.auth.account_tables import Invitation
from console.auth.browser_session import Proof, begin_session
from console.auth.keys import digest_of
from console.auth.login import may_use_password
from console.auth.login_page import name_provider
from console.auth.password_queue import QueueFull
from console.auth.refusals import Refusal
from console.auth.sessions import read_token
from console.auth.users import Account
from console.environment import ENVIRONMENT, Environment
from console.people import own_rules
from console.web.forms import read_form
from console.web.responses import reply, reply_with_error

OVER: Final = "This link is not valid"
ADVICE: Final = (
    "It was used already, is older than 48 hours, or was replaced by another one. Ask whoever sent it for a new link."
)
NO_PASSWORDS: Final = "Only owners log in with a password here"
CROWDED: Final = Refusal("Too many logins are waiting. Try again in 5 seconds.", status=503)


async def show_invitation(request: web.Request) -> web.Response:
    found = await find_invited(request)
    if found is None:
        return reply_with_error(request, 410, OVER, ADVICE)
    return refuse_password(request, found[1]) or reply(
        request, "people/invitation.html", account=found[1], refusal=None
    )


async def accept_invitation(request: web.Request) -> web.Response:
    """Set the password, end the user's sessions, and log the browser in."""
    environment: Environment = request.app[ENVIRONMENT]
    found = await find_invited(request)
    if found is None:
        return reply_with_error(request, 410, OVER, ADVICE)
    invitation, account = found
    if refused := refuse_password(request, account):
        return refused
    form, now = await read_form(request), environment.now()
    hashed = await hash_password(environment, form, account.login)
    if isinstance(hashed, Refusal):
        return reply(request, "people/invitation.html", hashed.status, account=account, refusal=hashed)
    done = await environment.login.accounts.change_account(
        lambda accounts: own_rules.accept_invitation(accounts, account.id, hashed, invitation.digest, now)
    )
    environment.login.sessions.forget()
    if isinstance(done, Refusal):
        return reply_with_error(request, 410, OVER, ADVICE)
    if done.totp_sealed is not None:
        return web.Response(status=303, headers={hdrs.LOCATION: environment.base.address("/login")})
    return await begin_session(request, "", done, Proof("invitation"))


async def hash_password(environment: Environment, form: Mapping[str, str], login: str) -> str | Refusal:
    password = form.get("password", "")
    if refusal := own_rules.check_password(password, form.get("repeated", ""), login):
        return refusal
    try:
        async with environment.login.password_queue.line(is_known=False).turn():
            return await environment.login.password_queue.hash(password)
    except QueueFull:
        return CROWDED


def refuse_password(request: web.Request, account: Account) -> web.Response | None:
    """Say that a password would not let this user in, and what does."""
    environment: Environment = request.app[ENVIRONMENT]
    if may_use_password(environment, account):
        return None
    advice = f"Log in with {name_provider(environment)}, as {account.login}."
    return reply_with_error(request, 403, NO_PASSWORDS, advice)


async def find_invited(request: web.Request) -> tuple[Invitation, Account] | None:
    """Find the invitation of the link, if it is valid, and its user. Raises DependencyAway."""
    environment: Environment = request.app[ENVIRONMENT]
    token = read_token(request.match_info["token"])
    invitation = await environment.login.accounts.find_invitation(digest_of(token)) if token else None
    if invitation is None or not invitation.is_valid(environment.now()):
        return None
    account = await environment.login.accounts.find_account(invitation.user_id)
    return None if account is None or account.disabled_at is not None else (invitation, account)
