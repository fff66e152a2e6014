"""Whose clicks are counted together, and under what name others hear of it. Pure."""

from ipaddress import IPv4Address, IPv6Address
from typing import Final

from identity.ip import IpHashKeys

PREFIX_BITS: Final = 64
V6: Final = 1 << 64
KEY_BYTES: Final = 9
PURPOSE: Final = b"clickrail limits\0"
"""Stands before what is hashed, so that a name in Redis is not the `ip_hash` of any table: the two cannot be joined."""


def client_key(address: IPv4Address | IPv6Address) -> int | None:
    """Give what a client is counted by: its IPv4 address, or the /64 of its IPv6 one.

    A /64 is one network, and whoever has it can take any address of it. Null for the unspecified address, which stands
    for all those that nobody knows: they are not one client.
    """
    if isinstance(address, IPv4Address):
        return int(address) or None
    number = int(address)
    return number >> PREFIX_BITS | V6 if number else None


def name_client(keys: IpHashKeys, key: int) -> str:
    """Give the name of a client's key outside of this process: a keyed hash, of 32 hexadecimal digits."""
    mac = keys.active.copy()
    mac.update(PURPOSE + key.to_bytes(KEY_BYTES, "big"))
    return mac.finalize()[:16].hex()
