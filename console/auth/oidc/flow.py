"""A login that has gone to the provider and is to come back to the same browser. Pure, but for the randomness.

Its secrets wait in an encrypted cookie of ten minutes: nobody else's browser can end it (`state`), no other login's
token fits it (`nonce`), and a code that was overheard is of no use without the verifier (PKCE).
"""

import base64
import hashlib
import secrets
from typing import Final
from urllib.parse import urlencode, urlsplit

import msgspec

from console.auth.oidc.metadata import Metadata
from console.auth.oidc.settings import OidcSettings
from console.auth.passwords import is_same
from console.auth.sealing import open_sealed, seal

FLOW_COOKIE: Final = "clickrail_oidc"
FLOW_S: Final = 600
LONGEST_TARGET: Final = 1200
"""Bytes of a page's address to go on to: browsers keep no cookie over 4096 bytes, and a quote takes two in JSON."""
LONGEST_COOKIE: Final = 4096


class Flow(msgspec.Struct, frozen=True, array_like=True):
    """What this login sends to the provider and wants back, where it goes on to, and when it began."""

    state: str
    nonce: str
    verifier: str
    target: str
    begun_s: int

    def is_state(self, given: str) -> bool:
        return is_same(given, self.state)


def begin_flow(target: str, fallback: str, now_s: int) -> Flow:
    """Begin a login that goes on to `target`, or to `fallback` if that is too long to keep."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    is_short = len(target.encode()) <= LONGEST_TARGET
    return Flow(state, nonce, verifier, target if is_short else fallback, now_s)


def seal_flow(key: bytes, flow: Flow) -> str:
    return base64.urlsafe_b64encode(seal(key, msgspec.json.encode(flow), FLOW_COOKIE.encode())).decode()


def open_flow(key: bytes, text: str, now_s: int) -> Flow | None:
    """Read a cookie; null if it is not ours, or older than FLOW_S."""
    if not text.isascii() or len(text) > LONGEST_COOKIE:
        return None
    try:
        sealed = base64.b64decode(text, altchars=b"-_", validate=True)
    except ValueError:
        return None
    opened = open_sealed(key, sealed, FLOW_COOKIE.encode())
    if opened is None:
        return None
    try:
        flow = msgspec.json.decode(opened, type=Flow)
    except msgspec.DecodeError:
        return None
    return flow if flow.begun_s <= now_s < flow.begun_s + FLOW_S else None


def make_authorization_url(metadata: Metadata, settings: OidcSettings, flow: Flow) -> str:
    """Return the provider's page to go to. Its own query, if it has one, stays."""
    asked = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": settings.redirect_uri,
        "scope": " ".join(settings.scopes),
        "state": flow.state,
        "nonce": flow.nonce,
        "code_challenge": make_challenge(flow.verifier),
        "code_challenge_method": "S256",
    }
    address = metadata.authorization_endpoint
    return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(asked)}"


def make_challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
