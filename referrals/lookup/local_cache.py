"""The cache of one process: codes, affiliates and programs separately, so that pausing a program changes one entry.

An entry in use is refreshed after some minutes, with jitter so that entries loaded together are not refreshed together.
It is no longer served when no store has confirmed it for hours. A value is only replaced by one of a higher version.
If a snapshot of all referrals is loaded (`ReferralSet`), it answers for what is not in the cache.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

import msgspec

from referrals.lookup.answers import UNKNOWN_HERE, Found, Unknown
from referrals.lookup.cache_policy import CachePolicy, Time
from referrals.lookup.token_bucket import TokenBucket
from referrals.lookup.version_tracker import Change, VersionTracker
from referrals.model import Affiliate, Key, Kind, Program, Referral, ReferralCode, key_of
from referrals.snapshot.reader import UNREADABLE, Unreadable
from referrals.snapshot.referral_set import ReferralSet
from urls.codes import is_code

R = TypeVar("R", Program, Affiliate, ReferralCode)


class Entry(msgspec.Struct, Generic[R], frozen=True, gc=False):
    value: R
    refresh_at: float
    expires_at: float


class ReferralCache:
    """The in-process layer. It is synchronous, because `find` is called for every redirect.

    It calls `request_refresh(code)` when an entry is due; that must return at once.
    """

    def __init__(
        self, policy: CachePolicy, time: Time, request_refresh: Callable[[str], object], referral_set: ReferralSet
    ) -> None:
        self.policy = policy
        self.referral_set = referral_set
        self.unknown_limit = TokenBucket(time.now, 1 / policy.max_unknown_reads_per_s, policy.max_unknown_reads_per_s)
        self.now = time.now
        self.jitter = time.jitter
        self.request_refresh = request_refresh
        self.versions = VersionTracker()
        self.codes: OrderedDict[str, Entry[ReferralCode]] = OrderedDict()
        self.affiliates: OrderedDict[str, Entry[Affiliate]] = OrderedDict()
        self.programs: OrderedDict[str, Entry[Program]] = OrderedDict()
        self.unknown: OrderedDict[str, float] = OrderedDict()
        self.entries_by_kind: dict[Kind, OrderedDict[str, Entry[Any]]] = {
            "program": self.programs,
            "affiliate": self.affiliates,
            "code": self.codes,
        }

    def find(self, code: str, *, is_admitted: bool = False) -> Found | Unknown | None:
        """Answer at once; null when the stores must be asked.

        With `is_admitted` the caller has passed the rate limit for codes that are not in the snapshot. Takes less than
        a microsecond for a cached code, about fifteen for one in the snapshot.
        """
        entry = self.codes.get(code)
        if entry is None:
            return self.find_unknown(code) or self.find_in_set(code, is_admitted=is_admitted)
        affiliate = self.affiliates.get(entry.value.affiliate_id)
        program = self.programs.get(entry.value.program_id)
        if affiliate is None or program is None:
            return self.find_in_set(code, is_admitted=is_admitted)
        now = self.now()
        if now >= entry.refresh_at or now >= affiliate.refresh_at or now >= program.refresh_at:
            if now >= entry.expires_at or now >= affiliate.expires_at or now >= program.expires_at:
                return None
            self.request_refresh(code)
        return Found(entry.value, affiliate.value, program.value, "process")

    def find_unknown(self, code: str) -> Unknown | None:
        until = self.unknown.get(code)
        return UNKNOWN_HERE if until is not None and self.now() < until else None

    def find_in_set(self, code: str, *, is_admitted: bool) -> Found | Unknown | None:
        """Answer from the snapshot, and cache what was found."""
        if not self.referral_set.is_complete or not is_code(code):
            return None
        value = self.get_or_load(("code", code))
        if value is None:
            # Only while changes arrive: during an outage a new code must not become "no such code".
            is_limited = not is_admitted and self.now() < self.referral_set.fresh_until
            return UNKNOWN_HERE if is_limited and not self.unknown_limit.try_take() else None
        return self.join(value, self.get_or_load)

    def find_stale(self, code: str) -> Found | None:
        """Answer with the latest values in memory or snapshot, however old. For when no store answers."""
        return (
            self.join(self.get_latest(("code", code)), self.get_latest)
            if self.referral_set.file and is_code(code)
            else None
        )

    def get_or_load(self, key: Key) -> Referral | Unreadable | None:
        """Return the cached value, or the one in the snapshot, and cache that."""
        entry = self.entries_by_kind[key[0]].get(key[1])
        if entry is not None:
            cached: Referral = entry.value
            return cached
        value = self.referral_set.find(key)
        if value is None or isinstance(value, str):
            return value
        # The floor does not matter here: the set contains all changes up to it, so only a newer change can outdate it.
        if value.version < self.versions.newest.get(key, 0):
            return UNREADABLE
        self.store(value)
        return value

    def get_latest(self, key: Key) -> Referral | Unreadable | None:
        entry = self.entries_by_kind[key[0]].get(key[1])
        return self.referral_set.find(key) if entry is None else entry.value

    def join(
        self, code: Referral | Unreadable | None, get: Callable[[Key], Referral | Unreadable | None]
    ) -> Found | None:
        """Join a code with its affiliate and program; null when one of them is not found or cannot be read."""
        if not isinstance(code, ReferralCode):
            return None
        affiliate = get(("affiliate", code.affiliate_id))
        program = get(("program", code.program_id))
        if not isinstance(affiliate, Affiliate) or not isinstance(program, Program):
            return None
        return Found(code, affiliate, program, "process")

    def put(self, value: Referral, as_of: int) -> bool:
        """Cache a value that was read at version `as_of`, unless a newer one is cached or a newer change is known.

        Returns whether it is cached.
        """
        cached = self.entries_by_kind[value.kind].get(value.id)
        is_outdated = cached is not None and cached.value.version > value.version
        if is_outdated or not self.versions.is_current(key_of(value), value.version, as_of):
            return False
        self.store(value)
        if value.kind == "code":
            self.unknown.pop(value.id, None)
        return True

    def store(self, value: Referral) -> None:
        entries, policy, now = self.entries_by_kind[value.kind], self.policy, self.now()
        entries[value.id] = Entry(value, now + policy.refresh_s * self.jitter(), now + policy.expire_s)
        # Entries in use are refreshed, and so moved to the end: the first one is the least recently used.
        entries.move_to_end(value.id)
        if len(entries) > policy.max_per_kind:
            entries.popitem(last=False)

    def put_unknown(self, code: str, as_of: int) -> None:
        """Cache "no such code", as a store said at version `as_of`."""
        if not self.versions.is_absent(("code", code), as_of):
            return
        self.remove(("code", code), as_of)
        self.unknown[code] = self.now() + self.policy.unknown_ttl_s * self.jitter()
        self.unknown.move_to_end(code)
        if len(self.unknown) > self.policy.max_unknown:
            self.unknown.popitem(last=False)

    def record(self, changes: Iterable[Change]) -> list[Key]:
        """Record changes, in the order of their versions. Return the keys that are cached and so must be read again."""
        recorded = list(changes)
        self.versions.record(recorded)
        for change in recorded:
            if change.kind == "code":
                self.unknown.pop(change.id, None)
        return [(change.kind, change.id) for change in recorded if change.id in self.entries_by_kind[change.kind]]

    def remove(self, key: Key, as_of: int) -> None:
        """Remove a row that did not exist at version `as_of`, unless a later version of it is cached."""
        kind, id_ = key
        entry = self.entries_by_kind[kind].get(id_)
        if entry is not None and entry.value.version <= as_of:
            del self.entries_by_kind[kind][id_]

    def clear(self) -> None:
        """Remove everything, known changes included. For when the database is another one, or was restored."""
        self.versions = VersionTracker()
        self.unknown.clear()
        for entries in self.entries_by_kind.values():
            entries.clear()

    def contains(self, key: Key) -> bool:
        kind, id_ = key
        return id_ in self.entries_by_kind[kind]

    def keys(self) -> list[Key]:
        return [(kind, id_) for kind, entries in self.entries_by_kind.items() for id_ in entries]


def owner_keys(code: ReferralCode) -> tuple[Key, Key]:
    return ("affiliate", code.affiliate_id), ("program", code.program_id)
