"""A visitor's IP address: sealed until the enricher opens it, hashed afterwards; plain only in memory.

Addresses are packed: 4 or 16 bytes. A v4-mapped IPv6 address (`::ffff:8.8.8.8`) is treated as its IPv4 address. An IPv6
address is hashed as a whole, so a device that changes its address counts as a new visitor, and two devices of a
household count as two.
"""

from ipaddress import IPv4Address, IPv6Address
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from identity.base64url import decode_base64url, encode_base64url
from identity.keys import KeyRing
from identity.prepared_keys import KeySet
from identity.verification import FORGED, MALFORMED, VerificationError

_V4_LENGTH: Final = 4
_V6_LENGTH: Final = 16
_MAPPED: Final = bytes(10) + b"\xff\xff"
_NONCE: Final = 12
_SEALED_LENGTHS: Final = (47, 63)  # kid, dot and base64url of nonce, family, address and tag: 33 bytes or 45


class IpSealKeys(KeySet[AESGCM]):
    def __init__(self, ring: KeyRing) -> None:
        super().__init__(ring, "ip_seal", AESGCM)


class IpHashKeys(KeySet[HMAC]):
    def __init__(self, ring: KeyRing) -> None:
        super().__init__(ring, "ip_hash", lambda secret: HMAC(secret, SHA256()))


def seal_ip(keys: IpSealKeys, packed: bytes, click_id: str, nonce: bytes) -> str:
    """Encrypt an address for one click, as `kid.payload`; `nonce` is 12 random bytes that were never used before.

    Raises ValueError when `packed` is not an address.
    """
    address = _normalise(packed)
    family = b"\x04" if len(address) == _V4_LENGTH else b"\x06"
    sealed = keys.active.encrypt(nonce, family + address, click_id.encode("ascii"))
    return f"{keys.kid}.{encode_base64url(nonce + sealed)}"


def open_ip(keys: IpSealKeys, text: str, click_id: str) -> IPv4Address | IPv6Address | VerificationError:
    """Open any text as a click's sealed address, or say why not: malformed, unknown_key, destroyed_key or forged."""
    if len(text) not in _SEALED_LENGTHS or text[2] != ".":
        return MALFORMED
    key = keys.find(text[:2])
    if isinstance(key, VerificationError):
        return key
    data = decode_base64url(text[3:])
    if data is None:
        return MALFORMED
    try:
        address = key.decrypt(data[:_NONCE], data[_NONCE:], click_id.encode("utf-8", "replace"))[1:]
    except InvalidTag:
        return FORGED
    return IPv4Address(address) if len(address) == _V4_LENGTH else IPv6Address(address)


def hash_ip(keys: IpHashKeys, packed: bytes) -> tuple[str, str]:
    """Return the key id and 32 hexadecimal digits: the first 128 bits of HMAC-SHA256 over the address.

    An address keeps its hash as long as the same key is active. Raises ValueError when `packed` is not an address.
    """
    mac = keys.active.copy()
    mac.update(_normalise(packed))
    return keys.kid, mac.finalize()[:16].hex()


def _normalise(packed: bytes) -> bytes:
    if len(packed) == _V6_LENGTH:
        return packed[12:] if packed.startswith(_MAPPED) else packed
    if len(packed) == _V4_LENGTH:
        return packed
    raise ValueError(f"A packed address has 4 or 16 bytes, not {len(packed)}")
