"""An independent, slow implementation of docs/identity.md, written from the page and the primitives alone."""

import base64
import hashlib
import hmac
import struct
from datetime import UTC, datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def write_base32(number: int, characters: int) -> str:
    return "".join(BASE32[(number >> 5 * place) & 31] for place in reversed(range(characters)))


def read_base32(text: str) -> int:
    number = 0
    for character in text:
        number = number * 32 + BASE32.index(character)
    return number


def read_ulid_time(click_id: str) -> datetime:
    return datetime.fromtimestamp((read_base32(click_id) >> 80) / 1000, UTC)


def write_base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def read_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


Claims = tuple[str, str, str, int, int, str | None]


def write_cookie(secret: bytes, kid: str, name: str, claims: Claims, nonce: bytes) -> str:
    click_id, affiliate_id, program_id, issued_at, expires_at, lease = claims
    plain = issued_at.to_bytes(4, "big") + expires_at.to_bytes(4, "big")
    plain += f"{click_id}.{affiliate_id}.{program_id}".encode("ascii")
    if lease != click_id:
        plain += b"." + (lease or "-").encode("ascii")
    while (12 + len(plain) + 16) % 3:
        plain += b"."
    sealed = AESGCM(secret).encrypt(nonce, plain, b"v1." + kid.encode() + b"." + name.encode())
    return f"v1.{kid}.{write_base64url(nonce + sealed)}"


def read_cookie(secret: bytes, name: str, value: str) -> Claims | None:
    version, kid, payload = value.split(".")
    data = read_base64url(payload)
    try:
        plain = AESGCM(secret).decrypt(data[:12], data[12:], f"{version}.{kid}.{name}".encode())
    except InvalidTag:
        return None
    texts = plain[8:].decode("ascii").rstrip(".").split(".")
    lease = {3: texts[0], 4: texts[-1]}[len(texts)]
    times = int.from_bytes(plain[:4], "big"), int.from_bytes(plain[4:8], "big")
    return texts[0], texts[1], texts[2], *times, None if lease == "-" else lease


def read_cookie_of_1_0(secret: bytes, name: str, value: str) -> tuple[str, str, str, int, int]:
    """Read a cookie as releases did that know no lease."""
    version, kid, payload = value.split(".")
    data = read_base64url(payload)
    plain = AESGCM(secret).decrypt(data[:12], data[12:], f"{version}.{kid}.{name}".encode())
    issued_at, expires_at = struct.unpack_from("!II", plain)
    click_id, affiliate_id, program_id, *_ = plain[8:].decode("ascii").split(".")
    return click_id, affiliate_id, program_id, issued_at, expires_at


def derive_program_key(secret: bytes, program_id: str) -> bytes:
    """HKDF-SHA256 of RFC 5869 without salt, for one block."""
    extracted = hmac.new(bytes(32), secret, hashlib.sha256).digest()
    return hmac.new(extracted, b"clickrail click token v1." + program_id.encode() + b"\x01", hashlib.sha256).digest()


def write_token(program_key: bytes, kid: str, click_id: str) -> str:
    mac = hmac.new(program_key, f"v1.{kid}.{click_id}".encode(), hashlib.sha256).digest()
    return f"{click_id}.{kid}{write_base32(int.from_bytes(mac[:10], 'big'), 16)}"


def write_test_proof(secret: bytes, kid: str, code: str, expires_at: int) -> str:
    expiry = write_base32(expires_at, 7)
    mac = hmac.new(secret, f"test.v1.{kid}.{code}.{expiry}".encode(), hashlib.sha256).digest()
    return expiry + kid + write_base32(int.from_bytes(mac[:10], "big"), 16)


def read_test_proof(secret: bytes, kid: str, code: str, text: str, now_s: int) -> int | str:
    """Give when it expires, or why it is not believed, by a ring of one key."""
    expiry, named = text[:7], text[7:9]
    if len(text) != 25 or any(character not in BASE32 for character in expiry):
        return "malformed"
    if named != kid:
        return "unknown_key"
    expires_at = read_base32(expiry)
    if text != write_test_proof(secret, kid, code, expires_at):
        return "forged"
    return expires_at if expires_at > now_s else "expired"


def write_sealed_ip(secret: bytes, kid: str, click_id: str, packed: bytes, nonce: bytes) -> str:
    plain = {4: b"\x04", 16: b"\x06"}[len(packed)] + packed
    return f"{kid}.{write_base64url(nonce + AESGCM(secret).encrypt(nonce, plain, click_id.encode()))}"


def read_sealed_ip(secret: bytes, click_id: str, text: str) -> bytes:
    data = read_base64url(text.split(".")[1])
    plain = AESGCM(secret).decrypt(data[:12], data[12:], click_id.encode())
    assert plain[0] == {5: 4, 17: 6}[len(plain)]
    return plain[1:]


def write_ip_hash(secret: bytes, packed: bytes) -> str:
    return hmac.new(secret, packed, hashlib.sha256).hexdigest()[:32]
