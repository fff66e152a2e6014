"""The click cookie: the click that brought this visitor to this program, encrypted.

The value is `v1.<kid>.<payload>`, the payload base64url of nonce, AES-256-GCM ciphertext and tag. Version, key id and
the cookie's name are authenticated too, so a cookie is valid for its own program only. For names see `cookie_header`.
Its lifetime is the program's `cookie_window_days` (`referrals/model.py`, `clickrail program edit --window`).
"""

import struct
from collections.abc import Iterable
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from identity.base64url import decode_base64url, encode_base64url
from identity.cookie_header import find_cookies, find_program
from identity.keys import KeyRing
from identity.prepared_keys import KeySet
from identity.verification import EXPIRED, FORGED, FROM_FUTURE, MALFORMED, WRONG_PROGRAM, VerificationError

MAX_VALUE: Final = 512

# Allowed clock difference between machines that share a key ring.
CLOCK_LEEWAY_S: Final = 300

_TIMES: Final = struct.Struct("!II")
_HEAD: Final = 6  # `v1.<kid>.`
_NONCE: Final = 12
_MIN_SEALED: Final = 66  # nonce, times, a ULID and two ids of one character, two dots, tag
_FILLER: Final = b".."
_NO_LEASE: Final = "-"


class CookieKeys(KeySet[AESGCM]):
    def __init__(self, ring: KeyRing) -> None:
        super().__init__(ring, "cookie", lambda _, secret: AESGCM(secret))


class CookieClaims(msgspec.Struct, frozen=True, gc=False):
    """The content of a cookie. Times are whole Unix seconds; the cookie is invalid from `expires_at` on.

    `lease_click_id` is the click that opened the visitor's current unique window; null when none has.
    """

    click_id: str
    affiliate_id: str
    program_id: str
    issued_at: int
    expires_at: int
    lease_click_id: str | None


class OpenedCookie(CookieClaims, frozen=True, gc=False):
    """A valid cookie and the id of its key. Its claims can be sealed again under a newer key."""

    kid: str


def seal_cookie(keys: CookieKeys, name: str, claims: CookieClaims, nonce: bytes) -> str:
    """Return the value of the cookie `name`; `nonce` is 12 random bytes that were never used before."""
    head = f"v1.{keys.kid}."
    # Readers of version 1.0 ignore what follows the three ids.
    lease = "" if claims.lease_click_id == claims.click_id else f".{claims.lease_click_id or _NO_LEASE}"
    ids = f"{claims.click_id}.{claims.affiliate_id}.{claims.program_id}{lease}".encode("ascii")
    plain = _TIMES.pack(claims.issued_at, claims.expires_at) + ids + _FILLER[: -len(ids) % 3]
    return head + encode_base64url(nonce + keys.active.encrypt(nonce, plain, (head + name).encode("ascii")))


def open_cookie(keys: CookieKeys, name: str, value: str, now_s: int) -> OpenedCookie | VerificationError:
    """Open any text as the value of the cookie `name`, at `now_s` in Unix seconds. Every `Reason` is possible."""
    head = value[:_HEAD]
    if len(value) > MAX_VALUE or not (head.startswith("v1.") and head.endswith(".", _HEAD - 1)):
        return MALFORMED
    kid = head[3:5]
    key = keys.find(kid)
    if isinstance(key, VerificationError):
        return key
    sealed = decode_base64url(value[_HEAD:])
    if sealed is None or len(sealed) < _MIN_SEALED:
        return MALFORMED
    try:
        plain = key.decrypt(sealed[:_NONCE], sealed[_NONCE:], (head + name).encode("utf-8", "replace"))
    except InvalidTag:
        return FORGED
    return _check_claims(_read_plain(plain, kid), name, now_s)


def open_cookies(
    keys: CookieKeys, name: str, header_lines: Iterable[str], now_s: int
) -> OpenedCookie | VerificationError | None:
    """Find the cookie `name` in a request's Cookie lines and open it; None when there is none.

    A browser may send the name more than once. The valid cookie that was issued last counts; if none is valid, return
    the error of the first.
    """
    values = find_cookies(header_lines, name)
    if not values:
        return None
    opened = [open_cookie(keys, name, value, now_s) for value in values]
    valid = [cookie for cookie in opened if isinstance(cookie, OpenedCookie)]
    return max(valid, key=lambda cookie: cookie.issued_at) if valid else opened[0]


def _read_plain(plain: bytes, kid: str) -> OpenedCookie:
    issued_at, expires_at = _TIMES.unpack_from(plain)
    click_id, affiliate_id, program_id, *rest = plain[_TIMES.size :].decode("ascii").split(".")
    # A click whose cookie names no lease, as in version 1.0, has opened the window itself.
    named = (rest[0] if rest else "") or click_id
    lease = None if named == _NO_LEASE else named
    return OpenedCookie(click_id, affiliate_id, program_id, issued_at, expires_at, lease, kid)


def _check_claims(cookie: OpenedCookie, name: str, now_s: int) -> OpenedCookie | VerificationError:
    if cookie.program_id != find_program(name):
        return WRONG_PROGRAM
    if cookie.issued_at > now_s + CLOCK_LEEWAY_S:
        return FROM_FUTURE
    if cookie.expires_at <= now_s:
        return EXPIRED
    return cookie
