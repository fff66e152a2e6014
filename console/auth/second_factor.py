"""The second factor: codes of an authenticator (TOTP, RFC 6238), and recovery codes. Pure, but for the randomness."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Final

import pyotp

from console.auth.sealing import open_sealed, seal

STEP_S: Final = 30
WINDOW: Final = 1
"""Codes of so many steps before and after now are taken: clocks differ."""
DIGITS: Final = 6
SECRET_BYTES: Final = 20
RECOVERY_CODES: Final = 10
RECOVERY_BYTES: Final = 10
RECOVERY_LENGTH: Final = 16
ISSUER: Final = "Clickrail"


def make_secret() -> str:
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def make_provisioning_uri(secret: str, login: str) -> str:
    """Return what an authenticator reads from the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def find_step(secret: str, code: str, now: datetime, used: int = 0) -> int | None:
    """Return the time step of a code, if it is right and later than the step that was `used` last; else null."""
    step = int(now.timestamp()) // STEP_S
    totp = pyotp.TOTP(secret)
    given = code.strip().replace(" ", "").encode("utf-8", "replace")
    found = None
    for one in range(step - WINDOW, step + WINDOW + 1):
        if hmac.compare_digest(totp.generate_otp(one).encode(), given) and one > used:
            found = one
    return found


def seal_secret(key: bytes, user_id: str, secret: str) -> bytes:
    """Encrypt a user's secret for the table, with AES-256-GCM and a key of 32 bytes."""
    return seal(key, secret.encode(), user_id.encode())


def open_secret(key: bytes, user_id: str, sealed: bytes) -> str | None:
    """Decrypt a secret; null if it was sealed with another key or for another user."""
    opened = open_sealed(key, sealed, user_id.encode())
    return None if opened is None else opened.decode()


def make_recovery_codes() -> list[str]:
    """Make codes of 80 random bits, such as `abcd-efgh-ijkl-mnop`."""
    return [write_recovery_code(secrets.token_bytes(RECOVERY_BYTES)) for _ in range(RECOVERY_CODES)]


def write_recovery_code(randomness: bytes) -> str:
    text = base64.b32encode(randomness).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, RECOVERY_LENGTH, 4))


def digest_recovery_code(text: str) -> bytes | None:
    """Return the SHA-256 of a recovery code, however it is written; null if it cannot be one."""
    code = "".join(text.lower().replace("-", "").split())
    if len(code) != RECOVERY_LENGTH or not code.isascii():
        return None
    return hashlib.sha256(code.encode()).digest()
