"""A login whose password was right and whose code is still asked for: a signed text in the form. Pure.

It lets nobody in: only together with a code. It ends after PENDING_S, and when the password is changed.
"""

import hmac
from typing import Final

from console.auth.users import Account

PENDING_S: Final = 300


def write_pending(key: bytes, account: Account, now_s: int) -> str:
    expires_s = now_s + PENDING_S
    return f"{account.id}.{expires_s}.{sign(key, account, expires_s)}"


def read_user_id(text: str) -> str:
    """Return whose login it claims to be."""
    return text.partition(".")[0]


def is_pending(key: bytes, text: str, account: Account, now_s: int) -> bool:
    user_id, _, rest = text.partition(".")
    expires, _, signature = rest.partition(".")
    if user_id != account.id or not (expires.isascii() and expires.isdigit() and len(expires) <= 12):  # noqa: PLR2004 - digits of a time
        return False
    expected = sign(key, account, int(expires))
    is_ours = hmac.compare_digest(signature.encode("utf-8", "replace"), expected.encode())
    return is_ours and int(expires) > now_s


def sign(key: bytes, account: Account, expires_s: int) -> str:
    return hmac.digest(key, f"{account.id} {expires_s} {account.password_hash}".encode(), "sha256").hex()
