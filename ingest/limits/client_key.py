"""The key by which a client's clicks are counted, and its name in Redis. Pure."""

from ipaddress import IPv4Address, IPv6Address
from typing import Final

from identity.ip import IpHashKeys

PREFIX_BITS: Final = 64
V6: Final = 1 << 64
KEY_BYTES: Final = 9
PURPOSE: Final = b"clickrail limits\0"
"""Hashed before the key, so that a name in Redis differs from `ip_hash` in the tables and cannot be joined with it."""


def client_key(address: IPv4Address | IPv6Address) -> int | None:
    """Give the key of a client: its IPv4 address, or the /64 of its IPv6 address.

    The owner of a /64 network can use any address in it. Null for the unspecified address, which means "unknown": such
    clicks do not come from one client.
    """
    if isinstance(address, IPv4Address):
        return int(address) or None
    number = int(address)
    return number >> PREFIX_BITS | V6 if number else None


def name_client(keys: IpHashKeys, key: int) -> str:
    """Give the name of a client's key in Redis: a keyed hash of 32 hexadecimal digits."""
    mac = keys.active.copy()
    mac.update(PURPOSE + key.to_bytes(KEY_BYTES, "big"))
    return mac.finalize()[:16].hex()
