"""Who is logged in: a session sealed into a cookie, so that nothing has to be stored for it."""

import hashlib
import hmac
from typing import Final

import msgspec
from aiohttp import web
from itsdangerous import BadData, URLSafeSerializer

SALT: Final = "clickrail console session"


class Session(msgspec.Struct, frozen=True):
    """One login. `csrf` has to come back with every change of state; `expires_at` is in Unix seconds."""

    id: str
    csrf: str
    expires_at: int


SESSION: Final = web.RequestKey("session", Session)
"""Where a request keeps the session it came with."""


class Sessions:
    """Seals and opens sessions. The key depends on the password as well: a new password logs everybody out.

    A session that was logged out stays refused for as long as this process lives.
    """

    def __init__(self, secret: str, password: str) -> None:
        key = hashlib.sha256(f"{secret}\0{password}".encode()).digest()
        self._serializer = URLSafeSerializer(
            key, salt=SALT, signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256}
        )
        self._revoked: dict[str, int] = {}

    def seal(self, session: Session) -> str:
        sealed = self._serializer.dumps(msgspec.to_builtins(session))
        return sealed if isinstance(sealed, str) else sealed.decode()

    def open(self, sealed: str, now_s: int) -> Session | None:
        """Give the session, or null: not ours, altered, expired, or logged out."""
        try:
            session = msgspec.convert(self._serializer.loads(sealed), Session)
        except (BadData, msgspec.ValidationError):
            return None
        return session if session.expires_at > now_s and session.id not in self._revoked else None

    def revoke(self, session: Session, now_s: int) -> None:
        self._revoked = {id_: expires_at for id_, expires_at in self._revoked.items() if expires_at > now_s}
        self._revoked[session.id] = session.expires_at


def is_same(given: str, expected: str) -> bool:
    """Compare two secrets in a time that tells nothing about them, nor about their length."""
    digests = (hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest() for text in (given, expected))
    return hmac.compare_digest(*digests)
