"""Encodes values for Redis: tag, epoch, version, the version it was read at, and the row: `tag epoch 12 15 {"id":...}`.

The tag authenticates the rest together with the key in Redis. The epoch is that of the database's history
(`redis_history`). Anything else is a miss: Redis is shared, and its contents may be old, cut, forged or foreign.
"""

import re
from typing import Final

import msgspec

from referrals.lookup.redis_history import Signer
from referrals.model import Key, Referral
from referrals.row_codec import read_value

PACKED: Final = re.compile(rb"(\d{1,18}) (\d{1,18}) (\{.+\})", re.DOTALL)
SEALED: Final = re.compile(rb"([A-Za-z0-9_-]{22}) (([0-9a-f]{12}) (.+))", re.DOTALL)


class VersionedValue(msgspec.Struct, frozen=True):
    """A value, and the version of the installation at which it was read: it contains every change up to that one."""

    value: Referral
    as_of: int


def seal(signer: Signer, name: bytes, epoch: bytes, packed: bytes) -> bytes:
    """Return the bytes to write under the key `name` in Redis."""
    body = b"%b %b" % (epoch, packed)
    return b"%b %b" % (signer.make_tag(name + b" " + body), body)


def unseal(signer: Signer, name: bytes, epoch: bytes, data: object) -> bytes | None:
    """Return the packed value; null unless its tag is right for this key and its epoch is this one."""
    match = SEALED.fullmatch(data) if isinstance(data, bytes) else None
    if match is None or match[3] != epoch or not signer.is_genuine(name + b" " + match[2], match[1]):
        return None
    return match[4]


def pack(reading: VersionedValue) -> bytes:
    return b"%d %d %b" % (reading.value.version, reading.as_of, msgspec.json.encode(reading.value))


def unpack(key: Key, data: object) -> VersionedValue | None:
    """Decode a value; null if it is malformed, is another row or version, or has a URL unfit for visitors."""
    match = PACKED.fullmatch(data) if isinstance(data, bytes) else None
    if match is None:
        return None
    value = read_value(key, match[3])
    return VersionedValue(value, int(match[2])) if value and value.version == int(match[1]) else None
