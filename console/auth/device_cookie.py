"""The device cookie (OWASP) of browsers that have logged in before: `<16 random bytes><16 bytes of HMAC>`. Pure.

It is no login. It only gives the browser its own count of wrong guesses, at the password of the user who logged in.
"""

import hmac
from typing import Final

from console.auth.sessions import read_token, write_token

ID_BYTES: Final = 16
DEVICE_COOKIE: Final = "clickrail_browser"
DEVICE_COOKIE_S: Final = 400 * 86_400
"""400 days: the longest that browsers keep a cookie."""


def write_device_cookie(key: bytes, browser: bytes, login: str) -> str:
    """Make the cookie of a browser id of ID_BYTES, where a user with this login name has logged in."""
    return write_token(browser + sign(key, browser, login))


def read_device_cookie(key: bytes, text: str, login: str) -> bytes | None:
    """Read the browser id; null if the signature is not ours, or another user's."""
    token = read_token(text)
    if token is None or not hmac.compare_digest(token[ID_BYTES:], sign(key, token[:ID_BYTES], login)):
        return None
    return token[:ID_BYTES]


def sign(key: bytes, browser: bytes, login: str) -> bytes:
    return hmac.digest(key, browser + login.encode("utf-8", "replace"), "sha256")[:ID_BYTES]
