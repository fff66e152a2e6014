"""How a value stands in Redis: version, the version it was read at, and the row, as `12 15 {"id":...}`.

Before that stand a tag, which authenticates all of it together with its key in Redis, and the epoch of the database's
history it belongs to (`redis_history`). Whatever else stands there is a miss: Redis is shared, and what it holds may be
old, cut, forged or somebody else's.
"""

import re
from typing import Final

import msgspec

from referrals.lookup.redis_history import Signer
from referrals.model import Key, Referral
from referrals.row_codec import read_value

FORM: Final = re.compile(rb"(\d{1,18}) (\d{1,18}) (\{.+\})", re.DOTALL)
SEALED: Final = re.compile(rb"([A-Za-z0-9_-]{22}) (([0-9a-f]{12}) (.+))", re.DOTALL)


class Reading(msgspec.Struct, frozen=True):
    """A value, and the version of the installation it was read at: it has seen every change up to that one."""

    value: Referral
    as_of: int


def seal(signer: Signer, name: bytes, epoch: bytes, packed: bytes) -> bytes:
    """Give what to write under the key `name` in Redis."""
    body = b"%b %b" % (epoch, packed)
    return b"%b %b" % (signer.make_tag(name + b" " + body), body)


def unseal(signer: Signer, name: bytes, epoch: bytes, data: object) -> bytes | None:
    """Give the packed value, or null where it was not made by us, for this key and in this epoch."""
    match = SEALED.fullmatch(data) if isinstance(data, bytes) else None
    if match is None or match[3] != epoch or not signer.is_genuine(name + b" " + match[2], match[1]):
        return None
    return match[4]


def pack(reading: Reading) -> bytes:
    return b"%d %d %b" % (reading.value.version, reading.as_of, msgspec.json.encode(reading.value))


def unpack(key: Key, data: object) -> Reading | None:
    """Read a value, or null where it is none of ours: of another form, row or version, or with an unfit target."""
    match = FORM.fullmatch(data) if isinstance(data, bytes) else None
    if match is None:
        return None
    value = read_value(key, match[3])
    return Reading(value, int(match[2])) if value and value.version == int(match[1]) else None
