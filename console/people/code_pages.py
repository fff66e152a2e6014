"""Setting up the second factor, on the page of one's own account. Nothing is stored before a first code is right."""

import base64
from typing import Final

import msgspec
import segno
from aiohttp import web

from console.auth.refusals import Refusal
from console.auth.second_factor import (
    digest_recovery_code,
    find_step,
    make_provisioning_uri,
    make_recovery_codes,
    make_secret,
    open_secret,
    seal_secret,
)
from console.auth.sessions import SESSION
from console.auth.users import Account
from console.environment import ENVIRONMENT, Environment
from console.people import own_rules
from console.people.account_pages import check_current_password, find_own, finish, reply_account
from console.people.rules import by_session
from console.web.forms import read_form

WRONG: Final = Refusal("That is not the code. Check the clock of your device, and wait for the next code.", "code")
OUTDATED: Final = Refusal("This form is out of date. Begin the set-up again.", "code")
ALREADY: Final = Refusal("Codes are set up already: remove them first.", status=409)


class Setup(msgspec.Struct, frozen=True):
    """What the form shows: the QR code as an image, the secret to type, and the sealed secret to send back."""

    qr: str
    secret: str
    sealed: str


async def begin_setup(request: web.Request) -> web.Response:
    """Show a new secret, to who knows the password."""
    environment: Environment = request.app[ENVIRONMENT]
    account, form = await find_own(request), await read_form(request)
    if account.totp_sealed is not None:
        return await reply_account(request, ALREADY.status, refusal=ALREADY)
    if refusal := await check_current_password(request, account, form):
        shown = msgspec.structs.replace(refusal, field="code_current" if refusal.field else "")
        return await reply_account(request, refusal.status, refusal=shown)
    sealed = seal_secret(environment.login.seal_key, account.id, make_secret())
    return await reply_account(request, setup=make_setup(environment, account, sealed))


async def confirm_setup(request: web.Request) -> web.Response:
    """Turn codes on once the first one is right, and show the recovery codes."""
    environment: Environment = request.app[ENVIRONMENT]
    account, form, now = await find_own(request), await read_form(request), environment.now()
    sealed = read_sealed(form.get("sealed", ""))
    secret = open_secret(environment.login.seal_key, account.id, sealed)
    if account.totp_sealed is not None or secret is None:
        return await reply_account(request, OUTDATED.status, refusal=OUTDATED)
    step = find_step(secret, form.get("code", ""), now)
    if step is None:
        setup = make_setup(environment, account, sealed)
        return await reply_account(request, WRONG.status, refusal=WRONG, setup=setup)
    codes, by = make_recovery_codes(), by_session(request[SESSION])
    digests = tuple(digest for code in codes if (digest := digest_recovery_code(code)))
    await environment.login.accounts.use_step(account.id, step)
    done = await environment.login.accounts.change_account(
        lambda accounts: own_rules.set_second_factor(accounts, by, account.id, sealed, digests, now)
    )
    if isinstance(done, Refusal):
        return await reply_account(request, done.status, refusal=done)
    return await reply_account(request, recovery_codes=codes)


async def remove_codes(request: web.Request) -> web.Response:
    """Ask for no codes any more: for who knows the password."""
    environment: Environment = request.app[ENVIRONMENT]
    account, form, now = await find_own(request), await read_form(request), environment.now()
    if refusal := await check_current_password(request, account, form):
        shown = msgspec.structs.replace(refusal, field="code_current" if refusal.field else "")
        return await reply_account(request, refusal.status, refusal=shown)
    by = by_session(request[SESSION])
    return await finish(
        request, "no_code", lambda accounts: own_rules.set_second_factor(accounts, by, account.id, None, (), now)
    )


def make_setup(environment: Environment, account: Account, sealed: bytes) -> Setup:
    secret = open_secret(environment.login.seal_key, account.id, sealed) or ""
    uri = make_provisioning_uri(secret, account.login)
    # Black on white in both themes: cameras read nothing else well.
    qr = segno.make(uri, error="m").svg_data_uri(scale=4, border=3, dark="#000", light="#fff")
    groups = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    return Setup(qr, groups, base64.urlsafe_b64encode(sealed).decode())


def read_sealed(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text.encode("ascii", "replace"))
    except ValueError:
        return b""
