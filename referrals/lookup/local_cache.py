"""What one process holds in memory: codes, affiliates and programs apart, so that pausing a program is one entry.

An entry is renewed after some minutes (jittered, so that a start does not come back as a wave) while it is served,
and no longer served when nothing has confirmed it for hours. A value is only ever replaced by one of a higher version.
Behind what is held in memory stands the set that is known as a whole, where there is one: it is a file.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

import msgspec

from referrals.lookup.answers import UNKNOWN_HERE, Found, Unknown
from referrals.lookup.token_bucket import TokenBucket
from referrals.lookup.version_tracker import Change, VersionTracker
from referrals.model import Affiliate, Key, Kind, Program, Referral, ReferralCode, key_of
from referrals.snapshot.reader import UNTOLD, Untold
from referrals.snapshot.referral_set import ReferralSet
from urls.codes import is_code

R = TypeVar("R", Program, Affiliate, ReferralCode)


class CachePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How long a process holds an entry (seconds) and how many.

    It is renewed after `renew_s`, and served no longer when nothing has confirmed it for `keep_s`. That there is no
    such code is believed for `unknown_s`. Codes that are not in the set known as a whole are asked for all the same,
    as one may have been made this moment, but no more than `asked_per_s` a second.
    """

    renew_s: float = 300.0
    keep_s: float = 86_400.0
    unknown_s: float = 30.0
    most_of_a_kind: int = 30_000
    most_unknown: int = 20_000
    asked_per_s: int = 200


class Entry(msgspec.Struct, Generic[R], frozen=True, gc=False):
    value: R
    renew_at: float
    keep_until: float


class Time(msgspec.Struct, frozen=True):
    """`now()`: seconds that only grow; `jitter()`: a factor around 1 for times that should not fall together."""

    now: Callable[[], float]
    jitter: Callable[[], float]


class ReferralCache:
    """The in-process layer: plain and synchronous, because `find` is on the path of every redirect.

    `want_renewal(code)` is called when an entry is due; it must return at once.
    """

    def __init__(
        self, holding: CachePolicy, time: Time, want_renewal: Callable[[str], object], known: ReferralSet
    ) -> None:
        self.holding = holding
        self.known = known
        self.asking = TokenBucket(time.now, 1 / holding.asked_per_s, holding.asked_per_s)
        self.now = time.now
        self.jitter = time.jitter
        self.want_renewal = want_renewal
        self.changes = VersionTracker()
        self.codes: OrderedDict[str, Entry[ReferralCode]] = OrderedDict()
        self.affiliates: OrderedDict[str, Entry[Affiliate]] = OrderedDict()
        self.programs: OrderedDict[str, Entry[Program]] = OrderedDict()
        self.unknown: OrderedDict[str, float] = OrderedDict()
        self.shelves: dict[Kind, OrderedDict[str, Entry[Any]]] = {
            "program": self.programs,
            "affiliate": self.affiliates,
            "code": self.codes,
        }

    def find(self, code: str, *, admitted: bool = False) -> Found | Unknown | None:
        """Answer at once, or give null when the stores have to be asked. `admitted`: this is settled already.

        Takes less than a microsecond for what is held, some fifteen for what is in the set known as a whole.
        """
        entry = self.codes.get(code)
        if entry is None:
            return self.find_unknown(code) or self.find_known(code, admitted=admitted)
        affiliate = self.affiliates.get(entry.value.affiliate_id)
        program = self.programs.get(entry.value.program_id)
        if affiliate is None or program is None:
            return self.find_known(code, admitted=admitted)
        now = self.now()
        if now >= entry.renew_at or now >= affiliate.renew_at or now >= program.renew_at:
            if now >= entry.keep_until or now >= affiliate.keep_until or now >= program.keep_until:
                return None
            self.want_renewal(code)
        return Found(entry.value, affiliate.value, program.value, "process")

    def find_unknown(self, code: str) -> Unknown | None:
        until = self.unknown.get(code)
        return UNKNOWN_HERE if until is not None and self.now() < until else None

    def find_known(self, code: str, *, admitted: bool) -> Found | Unknown | None:
        """Answer from the set known as a whole, and hold what was found."""
        if not self.known.whole or not is_code(code):
            return None
        value = self.take_known(("code", code))
        if value is None:
            # Only while changes are followed: an outage must not turn into "there is no such code".
            believed = not admitted and self.now() < self.known.fresh_until
            return UNKNOWN_HERE if believed and not self.asking.admits() else None
        return self.join(value, self.take_known)

    def find_stale(self, code: str) -> Found | None:
        """Answer with the latest that was seen here, for when nobody can say whether it still holds."""
        return (
            self.join(self.get_latest(("code", code)), self.get_latest) if self.known.file and is_code(code) else None
        )

    def take_known(self, key: Key) -> Referral | Untold | None:
        """Give what is held; else what the set known as a whole has, which is held from then on."""
        entry = self.shelves[key[0]].get(key[1])
        if entry is not None:
            held: Referral = entry.value
            return held
        value = self.known.find(key)
        if value is None or isinstance(value, str):
            return value
        # Nothing is held of it, and of changes older than the floor the set has all: only newer ones can outdate it.
        if value.version < self.changes.newest.get(key, 0):
            return UNTOLD
        self.hold(value)
        return value

    def get_latest(self, key: Key) -> Referral | Untold | None:
        entry = self.shelves[key[0]].get(key[1])
        return self.known.find(key) if entry is None else entry.value

    def join(self, code: Referral | Untold | None, get: Callable[[Key], Referral | Untold | None]) -> Found | None:
        """Put a code together with what belongs to it; null where something of it cannot be told."""
        if not isinstance(code, ReferralCode):
            return None
        affiliate = get(("affiliate", code.affiliate_id))
        program = get(("program", code.program_id))
        if not isinstance(affiliate, Affiliate) or not isinstance(program, Program):
            return None
        return Found(code, affiliate, program, "process")

    def keep(self, value: Referral, as_of: int) -> None:
        """Hold a value that was read at version `as_of`, unless something newer is held or known of."""
        held = self.shelves[value.kind].get(value.id)
        outdated = held is not None and held.value.version > value.version
        if outdated or not self.changes.is_current(key_of(value), value.version, as_of):
            return
        self.hold(value)
        if value.kind == "code":
            self.unknown.pop(value.id, None)

    def hold(self, value: Referral) -> None:
        entries, holding, now = self.shelves[value.kind], self.holding, self.now()
        entries[value.id] = Entry(value, now + holding.renew_s * self.jitter(), now + holding.keep_s)
        # What is in use is renewed, and so moved to the end: what falls out at the front is not.
        entries.move_to_end(value.id)
        if len(entries) > holding.most_of_a_kind:
            entries.popitem(last=False)

    def keep_unknown(self, code: str, as_of: int) -> None:
        """Believe for a while that there is no such code, as a store said at version `as_of`."""
        if not self.changes.is_absent(("code", code), as_of):
            return
        self.drop(("code", code), as_of)
        self.unknown[code] = self.now() + self.holding.unknown_s * self.jitter()
        self.unknown.move_to_end(code)
        if len(self.unknown) > self.holding.most_unknown:
            self.unknown.popitem(last=False)

    def record(self, changes: Iterable[Change]) -> list[Key]:
        """Take note of changes, in the order of their versions; give what is held of them, and so must be read anew."""
        noted = list(changes)
        self.changes.record(noted)
        for change in noted:
            if change.kind == "code":
                self.unknown.pop(change.id, None)
        return [(change.kind, change.id) for change in noted if change.id in self.shelves[change.kind]]

    def drop(self, key: Key, as_of: int) -> None:
        """Let go of what did not exist any more at version `as_of`, unless it is held from a later one."""
        kind, id_ = key
        entry = self.shelves[kind].get(id_)
        if entry is not None and entry.value.version <= as_of:
            del self.shelves[kind][id_]

    def forget(self) -> None:
        """Let go of everything, changes included: it was another installation's, or from a time that was undone."""
        self.changes = VersionTracker()
        self.unknown.clear()
        for entries in self.shelves.values():
            entries.clear()

    def holds(self, key: Key) -> bool:
        kind, id_ = key
        return id_ in self.shelves[kind]

    def keys(self) -> list[Key]:
        return [(kind, id_) for kind, entries in self.shelves.items() for id_ in entries]


def belongings_of(code: ReferralCode) -> tuple[Key, Key]:
    return ("affiliate", code.affiliate_id), ("program", code.program_id)
