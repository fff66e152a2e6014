"""A visitor's address: sealed for the way to the enricher, hashed for everything after; in the clear only in memory.

Addresses are taken in packed form: 4 or 16 bytes. An IPv4 address written as an IPv6 one (`::ffff:8.8.8.8`) counts as
the IPv4 address it is, sealed or hashed. An IPv6 address is hashed whole, so a visitor whose device changes its address
becomes another one, and two devices of a household stay two.
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
    """Encrypt an address for one click, as `kid.payload`; `nonce` is 12 random bytes never used before.

    Raises ValueError when `packed` is no address.
    """
    address = _normalise(packed)
    family = b"\x04" if len(address) == _V4_LENGTH else b"\x06"
    sealed = keys.active.encrypt(nonce, family + address, click_id.encode("ascii"))
    return f"{keys.kid}.{encode_base64url(nonce + sealed)}"


def open_ip(keys: IpSealKeys, text: str, click_id: str) -> IPv4Address | IPv6Address | VerificationError:
    """Read any text as a click's sealed address; refused as malformed, unknown_key, destroyed_key or forged."""
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
    """Give the key id and 32 hexadecimal digits: the first 128 bits of HMAC-SHA256 over the address.

    The same address has the same hash as long as the same key is active. Raises ValueError when `packed` is no address.
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
