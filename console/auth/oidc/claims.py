"""Whether the claims of an ID token are about this login, and who it is. Pure."""

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeGuard

import msgspec

LEEWAY_S: Final = 60
"""So far the provider's clock may be from ours."""
LONGEST_SUBJECT: Final = 255
LONGEST_EMAIL: Final = 200
LONGEST_NAME: Final = 100
TRUE: Final = (True, "true", "1")
"""Some providers write it as a text; 1 is equal to True."""

Wrong = Literal[
    "form", "algorithm", "key", "signature", "issuer", "audience", "expired", "issued", "nonce", "subject", "userinfo"
]


class TokenProblem(msgspec.Struct, frozen=True):
    """What is wrong with a token, in a word for the logs."""

    wrong: Wrong


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What a token must say to be meant for this login."""

    issuer: str
    client_id: str
    nonce: str
    begun_s: int


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, as the provider knows them. `email` is null, or the provider's word."""

    issuer: str
    subject: str
    email: str | None = None
    is_email_verified: bool = False
    name: str = ""


def check_claims(claims: Mapping[str, Any], expected: Expected, now_s: int) -> str | TokenProblem:
    """Return the subject of a token whose signature is right, if it was issued to us, for this login, just now."""
    if claims.get("iss") != expected.issuer:
        return TokenProblem("issuer")
    if not is_for(claims, expected.client_id):
        return TokenProblem("audience")
    if problem := check_times(claims, expected.begun_s, now_s):
        return problem
    if claims.get("nonce") != expected.nonce:
        return TokenProblem("nonce")
    subject = claims.get("sub")
    return subject if is_subject(subject) else TokenProblem("subject")


def check_times(claims: Mapping[str, Any], begun_s: int, now_s: int) -> TokenProblem | None:
    """Say that a token is over, or was issued before its login began: it is then another one's."""
    expires, issued, not_before = (claims.get(name) for name in ("exp", "iat", "nbf"))
    if not is_time(expires) or now_s >= expires + LEEWAY_S:
        return TokenProblem("expired")
    if not is_time(issued) or not begun_s - LEEWAY_S <= issued <= now_s + LEEWAY_S:
        return TokenProblem("issued")
    if not_before is not None and not (is_time(not_before) and not_before <= now_s + LEEWAY_S):
        return TokenProblem("issued")
    return None


def is_for(claims: Mapping[str, Any], client_id: str) -> bool:
    """Tell whether a token is for us; one that is for others too must name us as whom it was issued to."""
    audience, party = claims.get("aud"), claims.get("azp")
    if party is not None and party != client_id:
        return False
    if isinstance(audience, list):
        return client_id in audience and (len(audience) == 1 or party == client_id)
    return bool(audience == client_id)


def is_time(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12  # noqa: PLR2004 - no date


def is_subject(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and 1 <= len(value) <= LONGEST_SUBJECT and value.isprintable()


def read_identity(claims: Mapping[str, Any], issuer: str, subject: str, verified_claim: str) -> Identity:
    """Read who it is, from the claims of an ID token or of the userinfo endpoint."""
    name = claims.get("name")
    return Identity(
        issuer=issuer,
        subject=subject,
        email=read_email(claims.get("email")),
        is_email_verified=claims.get(verified_claim) in TRUE,
        name=" ".join(name.split())[:LONGEST_NAME] if isinstance(name, str) and name.isprintable() else "",
    )


def read_email(value: object) -> str | None:
    """Read an address, with A-Z in lower case, as login names are.

    Other letters stay as they are: `lower()` would turn the Kelvin sign into a k, and so one address into another.
    """
    if not isinstance(value, str) or len(value) > LONGEST_EMAIL:
        return None
    email = "".join(letter.lower() if letter.isascii() else letter for letter in value)
    mailbox, _, domain = email.rpartition("@")
    is_whole = mailbox and domain and email.isprintable() and not any(letter.isspace() for letter in email)
    return email if is_whole and "@" not in mailbox else None
