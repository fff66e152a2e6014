"""Detects a database that was restored to an older state, and invalidates what Redis has from before.

A restored database uses the same versions again, for other contents. Values in Redis from before the restore have
higher versions and would win for ever. So Redis also has, under `{prefix}:referrals:history`, the database its values
were read from, the highest version seen there, and an epoch. Each value carries the epoch. A process that finds the
database behind that version for `LAG_S` (longer than a replica lags or a failover takes) starts a new epoch: values of
the old epoch are misses from then on, and are overwritten.
"""

import re
from collections.abc import Callable
from secrets import token_hex
from typing import Final, Literal, Protocol

import msgspec

LAG_S: Final = 10.0
EPOCH_BYTES: Final = 6
FORM: Final = re.compile(rb"([A-Za-z0-9_-]{22}) ([0-9a-f]{12}) (\d{1,18}) (\S{1,120})")

State = Literal["agrees", "behind", "away"]


class Signer(Protocol):
    """Authenticates what is written to Redis."""

    def make_tag(self, message: bytes, /) -> bytes: ...

    def is_genuine(self, message: bytes, tag: bytes, /) -> bool: ...


GetSigner = Callable[[], Signer]
"""Returns a signer with the current keys: they are rotated while the process runs."""


class History(msgspec.Struct, frozen=True):
    """`origin` identifies a database (`referrals.tables.READ_ORIGIN`); `highest` is the highest version seen of it."""

    epoch: bytes
    highest: int
    origin: bytes


def pack_history(signer: Signer, name: bytes, history: History) -> bytes:
    body = b"%b %d %b" % (history.epoch, history.highest, history.origin)
    return b"%b %b" % (signer.make_tag(name + b" " + body), body)


def unpack_history(signer: Signer, name: bytes, data: object) -> History | None:
    """Decode a record; null if it is malformed or its tag is wrong."""
    match = FORM.fullmatch(data) if isinstance(data, bytes) else None
    if match is None or not signer.is_genuine(name + b" " + match[0][len(match[1]) + 1 :], match[1]):
        return None
    return History(match[2], int(match[3]), match[4])


def make_epoch() -> bytes:
    return token_hex(EPOCH_BYTES).encode()


def is_behind(history: History | None, origin: bytes, version: int) -> bool:
    """Tell whether the database is at a lower version than one that Redis has seen of it."""
    return history is not None and history.origin == origin and version < history.highest


def advance_history(history: History | None, origin: bytes, version: int, *, is_restored: bool) -> History:
    """Return the record that Redis should have, given a process that follows `origin`, now at `version`."""
    if history is None or history.origin != origin or is_restored:
        return History(make_epoch(), version, origin)
    return msgspec.structs.replace(history, highest=max(history.highest, version))
