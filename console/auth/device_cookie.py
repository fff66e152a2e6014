"""Browsers that have logged in before, told by a cookie of their own: `<16 random bytes><16 bytes of HMAC>`. Pure.

The cookie lets nobody in. It only says that guesses made from there are counted apart (OWASP calls it a device cookie).
"""

import hmac
from typing import Final

from console.auth.sessions import read_token, write_token

ID_BYTES: Final = 16
DEVICE_COOKIE: Final = "clickrail_browser"
DEVICE_COOKIE_S: Final = 400 * 86_400
"""What browsers keep a cookie for at most."""


def write_device_cookie(key: bytes, browser: bytes) -> str:
    """Give the cookie of a browser's id of ID_BYTES."""
    return write_token(browser + sign(key, browser))


def read_device_cookie(key: bytes, text: str) -> bytes | None:
    """Give the id in a cookie; null where the cookie was not made here."""
    token = read_token(text)
    if token is None or not hmac.compare_digest(token[ID_BYTES:], sign(key, token[:ID_BYTES])):
        return None
    return token[:ID_BYTES]


def sign(key: bytes, browser: bytes) -> bytes:
    return hmac.digest(key, browser, "sha256")[:ID_BYTES]
