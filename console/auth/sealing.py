"""Encrypts what waits in a cookie, a form or a table: AES-256-GCM, with a random nonce before it."""

import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES: Final = 12


def seal(key: bytes, data: bytes, purpose: bytes) -> bytes:
    """Encrypt with a key of 32 bytes, for this purpose alone."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, data, purpose)


def open_sealed(key: bytes, sealed: bytes, purpose: bytes) -> bytes | None:
    """Decrypt; null if it was sealed with another key or for another purpose, or changed."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], purpose)
    except (InvalidTag, ValueError):
        return None
