"""Which history of the database the values in Redis belong to.

A database that is restored to an older state counts its versions again, with other contents. What Redis holds from the
lost future has higher versions, and would win for ever. So Redis also holds, under `{prefix}:referrals:history`, which
database its values were read from, the highest version that was seen there, and an epoch. Each value carries the epoch.
A process that finds the database behind that version for `LAG_S` (longer than a replica lags, or a failover takes)
starts another epoch: the values of the old one are misses from then on, and are written over.
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
    """Authenticates what is put into Redis."""

    def make_tag(self, message: bytes, /) -> bytes: ...

    def is_genuine(self, message: bytes, tag: bytes, /) -> bool: ...


GetSigner = Callable[[], Signer]
"""Gives the signer with the keys of this moment."""


class History(msgspec.Struct, frozen=True):
    """`origin` names a database and one course of its versions; `highest` is the highest version seen of it."""

    epoch: bytes
    highest: int
    origin: bytes


def pack_history(signer: Signer, name: bytes, history: History) -> bytes:
    body = b"%b %d %b" % (history.epoch, history.highest, history.origin)
    return b"%b %b" % (signer.make_tag(name + b" " + body), body)


def unpack_history(signer: Signer, name: bytes, data: object) -> History | None:
    """Read a record, or null where it is none of ours."""
    match = FORM.fullmatch(data) if isinstance(data, bytes) else None
    if match is None or not signer.is_genuine(name + b" " + match[0][len(match[1]) + 1 :], match[1]):
        return None
    return History(match[2], int(match[3]), match[4])


def make_epoch() -> bytes:
    return token_hex(EPOCH_BYTES).encode()


def is_behind(history: History | None, origin: bytes, version: int) -> bool:
    """Tell whether a database at this version has not come as far as Redis says it had."""
    return history is not None and history.origin == origin and version < history.highest


def update(history: History | None, origin: bytes, version: int, *, is_restored: bool) -> History:
    """Give the record that should stand in Redis for a process that follows `origin`, now at `version`."""
    if history is None or history.origin != origin or is_restored:
        return History(make_epoch(), version, origin)
    return msgspec.structs.replace(history, highest=max(history.highest, version))
