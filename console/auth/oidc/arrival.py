"""Finds out who is back from the provider, and who that is here."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from console.auth.account_tables import AccountTable
from console.auth.oidc import admission
from console.auth.oidc.claims import Expected, Identity, TokenProblem, check_claims, read_identity
from console.auth.oidc.flow import Flow
from console.auth.oidc.provider import Provider
from console.auth.oidc.tokens import CodeRefused, Tokens, read_word
from console.auth.refusals import Refusal
from console.auth.users import Account
from identity.ulid import make_ulid

LONGEST_CODE: Final = 4096
NOBODY: Final = "user of no known name"


class Arrival(msgspec.Struct, frozen=True):
    """Somebody who is back: the provider, the login that they began, and what the provider has them bring."""

    provider: Provider
    flow: Flow
    query: Mapping[str, str]


class Failed(msgspec.Struct, frozen=True):
    """Why the login ends here: the result for the metric, a word for the logs, and a sentence for people.

    `subject` is whom it was about, for the audit log.
    """

    result: str
    wrong: str
    words: str
    subject: str = NOBODY


async def find_account(accounts: AccountTable, arrival: Arrival, now: datetime) -> Account | Failed:
    """Find out who it is, and who that is here. Raises DependencyAway."""
    provider = arrival.provider
    code = await read_code(arrival)
    if isinstance(code, Failed):
        return code
    tokens = await provider.redeem(code, arrival.flow.verifier)
    if isinstance(tokens, CodeRefused):
        return refused_by(provider, tokens.error)
    identity = await identify(arrival, tokens, now)
    if isinstance(identity, TokenProblem):
        return refused_by(provider, f"id_token_{identity.wrong}")
    admitted = await admit(accounts, provider, identity, now)
    if isinstance(admitted, Refusal):
        return Failed("not_admitted", "not_admitted", admitted.reason, await name_subject(accounts, identity))
    return admitted


async def read_code(arrival: Arrival) -> str | Failed:
    """Read what was brought. Of an error only a word is shown: anybody can write one. Raises ProviderAway."""
    provider, query = arrival.provider, arrival.query
    issuer, error = query.get("iss"), query.get("error")
    if issuer != provider.settings.issuer and (issuer is not None or (await provider.describe()).names_itself):
        return refused_by(provider, "another_issuer")
    if error is not None:
        return refused_by(provider, read_word(error) or "an_error")
    code = query.get("code", "")
    return code if 0 < len(code) <= LONGEST_CODE and code.isascii() else refused_by(provider, "no_code")


def refused_by(provider: Provider, wrong: str) -> Failed:
    name = provider.settings.name
    if wrong == "access_denied":
        return Failed("provider_refused", wrong, f"{name} did not let you in, or you cancelled.")
    return Failed("provider_refused", wrong, f"The login with {name} failed ({wrong}). Try again.")


async def identify(arrival: Arrival, tokens: Tokens, now: datetime) -> Identity | TokenProblem:
    """Check the ID token, and read who it is; what it does not say of them, userinfo may. Raises ProviderAway."""
    provider, flow = arrival.provider, arrival.flow
    settings = provider.settings
    claims = await provider.verify(tokens.id_token)
    if isinstance(claims, TokenProblem):
        return claims
    expected = Expected(issuer=settings.issuer, client_id=settings.client_id, nonce=flow.nonce, begun_s=flow.begun_s)
    subject = check_claims(claims, expected, int(now.timestamp()))
    if isinstance(subject, TokenProblem):
        return subject
    if "email" not in claims and tokens.access_token is not None:
        more = await provider.ask_userinfo(tokens.access_token)
        if more and more.get("sub") != subject:
            return TokenProblem("userinfo")
        claims = more
    return read_identity(claims, settings.issuer, subject, settings.verified_claim)


async def admit(accounts: AccountTable, provider: Provider, identity: Identity, now: datetime) -> Account | Refusal:
    """Find the user of a subject, or pin it to one. Raises DependencyAway."""
    settings = provider.settings
    known = await accounts.find_by_subject(identity.issuer, identity.subject)
    if known is not None:
        return admission.check_known(known, identity, settings) or known
    new_id = make_ulid(int(now.timestamp() * 1000), secrets.token_bytes(16)).lower()
    return await accounts.change_account(lambda all_: admission.admit(all_, identity, settings, new_id, now))


async def name_subject(accounts: AccountTable, identity: Identity) -> str:
    """Name the user whose address somebody has who was refused, so that it is seen. Raises DependencyAway."""
    is_theirs = identity.email is not None and identity.is_email_verified
    known = await accounts.find_by_login(identity.email or "") if is_theirs else None
    return f"user {known.login}" if known else NOBODY
