"""What is sent to the token endpoint, and what it answers (RFC 6749, 4.1.3). Pure."""

import re
from typing import Any, Final
from urllib.parse import quote_plus

import aiohttp
import msgspec
import structlog

from console.auth.oidc.answers import Answer
from console.auth.oidc.metadata import Metadata
from console.auth.oidc.settings import OidcSettings

log = structlog.get_logger()

ERROR: Final = re.compile(r"[a-z0-9_]{1,60}")


class Tokens(msgspec.Struct, frozen=True):
    """What a code was changed for. The access token only asks for userinfo, and is kept nowhere."""

    id_token: str
    access_token: str | None


class CodeRefused(msgspec.Struct, frozen=True):
    """The provider does not take a code: its error, such as `invalid_grant`."""

    error: str


def make_token_request(settings: OidcSettings, metadata: Metadata, code: str, verifier: str) -> dict[str, Any]:
    """Make the request that changes a code for tokens: its form, and how we say who we are."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": settings.redirect_uri,
        "code_verifier": verifier,
    }
    secret = settings.client_secret.reveal()
    if metadata.sends_secret_in_form:
        return {"data": form | {"client_id": settings.client_id, "client_secret": secret}}
    # Both are encoded first (RFC 6749, 2.3.1).
    basic = aiohttp.encode_basic_auth(quote_plus(settings.client_id), quote_plus(secret))
    return {"data": form, "headers": {"Authorization": basic}}


def read_tokens(answer: Answer) -> Tokens | CodeRefused:
    id_token, access_token = answer.fields.get("id_token"), answer.fields.get("access_token")
    if answer.is_refusal:
        return read_refusal(answer)
    if not isinstance(id_token, str):
        return CodeRefused("no_id_token")
    return Tokens(id_token, access_token if isinstance(access_token, str) else None)


def read_refusal(answer: Answer) -> CodeRefused:
    """Read an error, as far as it is a word."""
    error = read_word(answer.fields.get("error")) or f"status_{answer.status}"
    if error in ("invalid_client", "unauthorized_client"):
        log.error("the OpenID Connect provider does not know CLICKRAIL_CONSOLE_OIDC_CLIENT_ID and its secret")
    return CodeRefused(error)


def read_word(error: object) -> str | None:
    """Read an error that may be shown; null for a text that is no such word: it could be anybody's."""
    return error if isinstance(error, str) and ERROR.fullmatch(error) else None
