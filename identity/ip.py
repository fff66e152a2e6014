"""A visitor's IP address: sealed until the enricher opens it, hashed afterwards; plain only in memory.

Addresses are packed: 4 or 16 bytes. A v4-mapped IPv6 address (`::ffff:8.8.8.8`) is treated as its IPv4 address. An IPv6
address is hashed as a whole, and its /64 apart from that, through which a device moves freely.
"""

from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Final

import msgspec
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
_V6_NET: Final = 8
_CLIENT: Final = b"client:"
_MAPPED: Final = bytes(10) + b"\xff\xff"
_NONCE: Final = 12
_SEALED_LENGTHS: Final = (47, 63)  # kid, dot and base64url of nonce, family, address and tag: 33 bytes or 45


class IpSealKeys(KeySet[AESGCM]):
    def __init__(self, ring: KeyRing) -> None:
        super().__init__(ring, "ip_seal", lambda _, secret: AESGCM(secret))


class IpHashKey(msgspec.Struct, frozen=True):
    """A key that was active until the next one was. `mac` is null when it is destroyed.

    `previous` is the key that was active before it, until `since`.
    """

    kid: str
    mac: HMAC | None
    previous: "IpHashKey | None" = None
    since: datetime | None = None


class VisitorHashes(msgspec.Struct, frozen=True, gc=False):
    """The keyed hashes of an address, of its network (IPv4 address or IPv6 /64), and of a client in that network."""

    kid: str
    ip: str
    net: str
    client: str
    previous_client: str | None


class IpHashKeys(KeySet[HMAC]):
    """The keys that hash addresses: the active one, and each that was active before."""

    def __init__(self, ring: KeyRing) -> None:
        super().__init__(ring, "ip_hash", lambda _, secret: HMAC(secret, SHA256()))
        self._times = list_active_times(ring)

    def at(self, time: datetime) -> IpHashKey:
        """Return the key that was active at a time; the oldest one for a time before all keys."""
        for retired_at, key in self._times:
            if retired_at is None or time < retired_at:
                return key
        raise AssertionError("the active key is never retired")


def list_active_times(ring: KeyRing) -> list[tuple[datetime | None, IpHashKey]]:
    """List the keys that are or were active, in that order, each with the time when it was retired; null: never.

    The ring does not say when a key became active: that is when the one before was retired. A key that was made active
    twice is listed once, by its last retirement.
    """
    keys = [key for key in ring.keys if key.purpose == "ip_hash" and (key.state == "active" or key.retired_at)]
    keys.sort(key=lambda key: (key.state == "active", key.retired_at or key.created_at))
    listed: list[tuple[datetime | None, IpHashKey]] = []
    for key in keys:
        since, previous = listed[-1] if listed else (None, None)
        mac = None if key.secret is None else HMAC(key.secret, SHA256())
        listed.append((None if key.state == "active" else key.retired_at, IpHashKey(key.kid, mac, previous, since)))
    return listed


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
    """Return the id of the active key and an address's hash: 32 hexadecimal digits.

    An address keeps its hash as long as the same key is active. Raises ValueError when `packed` is not an address.
    """
    return keys.kid, _hash(keys.active, _normalise(packed))


def hash_visitor(key: IpHashKey, packed: bytes, traits: bytes, *, with_previous: bool) -> VisitorHashes | None:
    """Hash the address of a visitor whose browser has these traits; null when the key is destroyed.

    `with_previous` asks for the client's hash by the key before as well, if there is one that is not destroyed. Raises
    ValueError when `packed` is not an address.
    """
    if key.mac is None:
        return None
    address = _normalise(packed)
    net = address if len(address) == _V4_LENGTH else address[:_V6_NET]
    client = _CLIENT + net + traits
    ip = _hash(key.mac, address)
    old = key.previous.mac if with_previous and key.previous else None
    return VisitorHashes(
        kid=key.kid,
        ip=ip,
        net=ip if net is address else _hash(key.mac, net),
        client=_hash(key.mac, client),
        previous_client=_hash(old, client) if old else None,
    )


def _hash(key: HMAC, data: bytes) -> str:
    """Give the first 128 bits of HMAC-SHA256."""
    mac = key.copy()
    mac.update(data)
    return mac.finalize()[:16].hex()


def _normalise(packed: bytes) -> bytes:
    if len(packed) == _V6_LENGTH:
        return packed[12:] if packed.startswith(_MAPPED) else packed
    if len(packed) == _V4_LENGTH:
        return packed
    raise ValueError(f"A packed address has 4 or 16 bytes, not {len(packed)}")
