"""How long and how many referrals a process caches, and the clock by which it does."""

from collections.abc import Callable

import msgspec


class CachePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How long (seconds) and how many entries are cached.

    An entry is refreshed after `refresh_s`, and expires when nothing has confirmed it for `expire_s`. "No such code" is
    cached for `unknown_ttl_s`. Codes that are not in the snapshot are read from the stores too, as they may be new, but
    at most `max_unknown_reads_per_s` of them in a second.
    """

    refresh_s: float = 300.0
    expire_s: float = 86_400.0
    unknown_ttl_s: float = 30.0
    max_per_kind: int = 30_000
    max_unknown: int = 20_000
    max_unknown_reads_per_s: int = 200


class Time(msgspec.Struct, frozen=True):
    """`now()`: monotonic seconds. `jitter()`: a factor around 1 that spreads times."""

    now: Callable[[], float]
    jitter: Callable[[], float]
