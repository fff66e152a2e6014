"""The keys of one purpose, prepared once, so that no request waits for the set-up."""

from collections.abc import Callable
from typing import Generic, TypeVar

from identity.keys import KeyRing, Purpose
from identity.verification import DESTROYED_KEY, UNKNOWN_KEY, VerificationError

Ready = TypeVar("Ready")


class KeySet(Generic[Ready]):
    """`kid` and `active` are the key for new values; `find` returns the key of an existing value.

    `make_ready` prepares a key from its id and its secret. Build a new set when the ring changes.
    """

    __slots__ = ("_destroyed", "_readable", "active", "kid")

    def __init__(self, ring: KeyRing, purpose: Purpose, make_ready: Callable[[str, bytes], Ready]) -> None:
        keys = [key for key in ring.keys if key.purpose == purpose]
        self._readable = {key.kid: make_ready(key.kid, key.secret) for key in keys if key.secret is not None}
        self._destroyed = frozenset(key.kid for key in keys if key.secret is None)
        self.kid = next(key.kid for key in keys if key.state == "active")
        self.active = self._readable[self.kid]

    def find(self, kid: str) -> Ready | VerificationError:
        key = self._readable.get(kid)
        if key is not None:
            return key
        return DESTROYED_KEY if kid in self._destroyed else UNKNOWN_KEY
