"""The key ring as a value, and the changes to it. Pure: `keyfile` reads and writes the file.

For each purpose a ring has exactly one active key, which makes new values; any number of read-only keys, which open old
values or wait to become active; and the names of destroyed keys. Values of a destroyed key can no longer be opened.
"""

from datetime import datetime, timedelta
from itertools import product
from string import ascii_lowercase, digits
from typing import Annotated, Any, Final, Literal, get_args

import msgspec

Purpose = Literal["cookie", "token", "ip_seal", "ip_hash"]
State = Literal["active", "read_only", "destroyed"]
Time = Annotated[datetime, msgspec.Meta(tz=True)]

PURPOSES: Final[tuple[Purpose, ...]] = get_args(Purpose)
SECRET_BYTES: Final = 32
KEY_RANDOMNESS: Final = SECRET_BYTES + 4  # the secret, and four bytes that choose the key id
RING_RANDOMNESS: Final = KEY_RANDOMNESS * len(PURPOSES)

LEAST_RETIRED: Final[dict[Purpose, timedelta | None]] = {
    "cookie": timedelta(days=400),
    "token": None,
    "ip_seal": timedelta(hours=72),
    "ip_hash": timedelta(),
}
"""The least time between retirement and destruction by age: no cookie and no record of `clicks.raw` lasts longer.

None means never: merchants may send a token back after years.
"""

_KIDS: Final = tuple(first + second for first, second in product(digits + ascii_lowercase, repeat=2))

# 32 random bytes practically never have fewer distinct values than this; a typed or blank secret does.
_MIN_DIFFERENT_BYTES: Final = 8


class KeyRingError(Exception):
    """The key ring cannot be used or changed. The message names the file, if any, and the cause, but no secret."""


class Key(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One key. `retired_at` is when it stopped making new values; `secret` is absent when the key is destroyed."""

    kid: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]{2}\Z")]
    purpose: Purpose
    state: State
    created_at: Time
    retired_at: Time | None = None
    secret: Annotated[bytes, msgspec.Meta(min_length=SECRET_BYTES, max_length=SECRET_BYTES)] | None = None

    def __repr__(self) -> str:
        return f"Key({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        shown = msgspec.structs.asdict(self) | ({"secret": "***"} if self.secret else {})
        return list(shown.items())


class KeyRing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All keys of an installation; `version` is the file format's."""

    version: Literal[1]
    keys: tuple[Key, ...]


class KeySummary(msgspec.Struct, frozen=True):
    """A key without its secret, to show to people."""

    purpose: Purpose
    kid: str
    state: State
    created_at: datetime
    retired_at: datetime | None


def init_ring(now: datetime, randomness: bytes) -> KeyRing:
    """Make a ring with one active key for each purpose, from `RING_RANDOMNESS` random bytes."""
    ring = KeyRing(version=1, keys=())
    for index, purpose in enumerate(PURPOSES):
        ring = rotate(ring, purpose, now, randomness[index * KEY_RANDOMNESS :][:KEY_RANDOMNESS])
    return ring


def rotate(ring: KeyRing, purpose: Purpose, now: datetime, randomness: bytes) -> KeyRing:
    """Add a key and make it the active one; the one before stays readable. Takes `KEY_RANDOMNESS` random bytes."""
    added = add(ring, purpose, now, randomness)
    return activate(added, purpose, added.keys[-1].kid, now)


def add(ring: KeyRing, purpose: Purpose, now: datetime, randomness: bytes) -> KeyRing:
    """Add a read-only key, so that every machine can know it before one of them uses it.

    Its id is one this purpose has not used; when all 1,296 are, that of the oldest destroyed key is used again.
    Raises KeyRingError when none of them is destroyed, ValueError without `KEY_RANDOMNESS` bytes.
    """
    if len(randomness) != KEY_RANDOMNESS:
        raise ValueError(f"A key takes {KEY_RANDOMNESS} random bytes")
    secret, choice = randomness[:SECRET_BYTES], int.from_bytes(randomness[SECRET_BYTES:], "big")
    taken = {key.kid for key in ring.keys if key.purpose == purpose}
    free = [kid for kid in _KIDS if kid not in taken]
    kid = free[choice % len(free)] if free else _longest_destroyed(ring, purpose).kid
    kept = tuple(key for key in ring.keys if (key.purpose, key.kid) != (purpose, kid))
    return KeyRing(version=1, keys=(*kept, Key(kid, purpose, "read_only", now, secret=secret)))


def activate(ring: KeyRing, purpose: Purpose, kid: str, now: datetime) -> KeyRing:
    """Make a key the active one of its purpose. Raises KeyRingError when it is unknown or destroyed."""
    if find_key(ring, purpose, kid).state == "destroyed":
        raise KeyRingError(f"The {purpose} key {kid} is destroyed: it cannot become active again")

    def change(key: Key) -> Key:
        if key.purpose != purpose:
            return key
        if key.kid == kid:
            return msgspec.structs.replace(key, state="active", retired_at=None)
        if key.state == "active":
            return msgspec.structs.replace(key, state="read_only", retired_at=now)
        return key

    return KeyRing(version=1, keys=tuple(map(change, ring.keys)))


def destroy(ring: KeyRing, purpose: Purpose, kid: str) -> KeyRing:
    """Delete a key's secret, so its values can no longer be read. Its name stays, to say why.

    Raises KeyRingError when the key is unknown or active.
    """
    doomed = find_key(ring, purpose, kid)
    if doomed.state == "active":
        raise KeyRingError(f"The {purpose} key {kid} is the active one: rotate first")
    dead = msgspec.structs.replace(doomed, state="destroyed", secret=None)
    return KeyRing(version=1, keys=tuple(dead if key is doomed else key for key in ring.keys))


def destroy_retired(ring: KeyRing, purpose: Purpose, before: datetime) -> KeyRing:
    """Destroy the keys that were retired before a time. Keys that were never active are kept."""
    for key in ring.keys:
        if key.purpose == purpose and key.state == "read_only" and key.retired_at and key.retired_at < before:
            ring = destroy(ring, purpose, key.kid)
    return ring


def list_keys(ring: KeyRing) -> list[KeySummary]:
    """List the keys of a ring without secrets, by purpose, the newest first."""
    keys = sorted(ring.keys, key=lambda key: key.created_at, reverse=True)
    keys.sort(key=lambda key: PURPOSES.index(key.purpose))
    return [KeySummary(key.purpose, key.kid, key.state, key.created_at, key.retired_at) for key in keys]


def find_key(ring: KeyRing, purpose: Purpose, kid: str) -> Key:
    """Find a key by its name. Raises KeyRingError when there is none."""
    for key in ring.keys:
        if key.purpose == purpose and key.kid == kid:
            return key
    raise KeyRingError(f"There is no {purpose} key {kid!r}")


def find_ring_problem(ring: KeyRing) -> str | None:
    """Return what makes a ring unusable, or None. The text contains no secret."""
    for purpose in PURPOSES:
        active = sum(key.purpose == purpose and key.state == "active" for key in ring.keys)
        if active != 1:
            return f"there must be one active {purpose} key, and there are {active}"
    secrets: dict[bytes, str] = {}
    names: set[tuple[Purpose, str]] = set()
    for key in ring.keys:
        name = f"the {key.purpose} key {key.kid}"
        if (key.purpose, key.kid) in names:
            return f"{name} is there twice"
        names.add((key.purpose, key.kid))
        if (key.secret is None) != (key.state == "destroyed"):
            return f"{name} is {key.state} and has {'no' if key.secret is None else 'a'} secret"
        if key.secret is not None and len(set(key.secret)) < _MIN_DIFFERENT_BYTES:
            return f"the secret of {name} is not random"
        if key.secret is not None and secrets.setdefault(key.secret, name) != name:
            return f"{secrets[key.secret]} and {name} have the same secret"
    return None


def _longest_destroyed(ring: KeyRing, purpose: Purpose) -> Key:
    destroyed = [key for key in ring.keys if key.purpose == purpose and key.state == "destroyed"]
    if not destroyed:
        raise KeyRingError(f"All {len(_KIDS)} ids of {purpose} keys are taken: destroy keys that are no longer needed")
    return min(destroyed, key=lambda key: key.created_at)
