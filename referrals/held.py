"""What one process holds in memory: codes, affiliates and programs apart, so that pausing a program is one entry.

An entry is renewed after some minutes (jittered, so that a start does not come back as a wave) while it is served,
and no longer served when nothing has confirmed it for hours. A value is only ever replaced by one of a higher version.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

import msgspec

from referrals.answers import UNKNOWN_HERE, Found, Unknown
from referrals.changes import Change, KnownChanges
from referrals.model import Affiliate, Key, Kind, Program, Referral, ReferralCode, key_of

R = TypeVar("R", Program, Affiliate, ReferralCode)


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """How long a process holds an entry (seconds) and how many.

    It is renewed after `renew_s`, and served no longer when nothing has confirmed it for `keep_s`. That there is no
    such code is believed for `unknown_s`.
    """

    renew_s: float = 300.0
    keep_s: float = 43_200.0
    unknown_s: float = 30.0
    most_of_a_kind: int = 100_000
    most_unknown: int = 20_000


class Entry(msgspec.Struct, Generic[R], frozen=True, gc=False):
    value: R
    renew_at: float
    keep_until: float


class Time(msgspec.Struct, frozen=True):
    """`now()`: seconds that only grow; `jitter()`: a factor around 1 for times that should not fall together."""

    now: Callable[[], float]
    jitter: Callable[[], float]


class HeldReferrals:
    """The in-process layer: plain and synchronous, because `find` is on the path of every redirect.

    `want_renewal(code)` is called when an entry is due; it must return at once.
    """

    def __init__(self, holding: Holding, time: Time, want_renewal: Callable[[str], object]) -> None:
        self.holding = holding
        self.now = time.now
        self.jitter = time.jitter
        self.want_renewal = want_renewal
        self.changes = KnownChanges()
        self.codes: OrderedDict[str, Entry[ReferralCode]] = OrderedDict()
        self.affiliates: OrderedDict[str, Entry[Affiliate]] = OrderedDict()
        self.programs: OrderedDict[str, Entry[Program]] = OrderedDict()
        self.unknown: OrderedDict[str, float] = OrderedDict()
        self.shelves: dict[Kind, OrderedDict[str, Entry[Any]]] = {
            "program": self.programs,
            "affiliate": self.affiliates,
            "code": self.codes,
        }

    def find(self, code: str) -> Found | Unknown | None:
        """Answer from memory, or null when the stores have to be asked. Takes less than a microsecond."""
        entry = self.codes.get(code)
        if entry is None:
            return self.find_unknown(code)
        affiliate = self.affiliates.get(entry.value.affiliate_id)
        program = self.programs.get(entry.value.program_id)
        if affiliate is None or program is None:
            return None
        now = self.now()
        if now >= entry.renew_at or now >= affiliate.renew_at or now >= program.renew_at:
            if now >= entry.keep_until or now >= affiliate.keep_until or now >= program.keep_until:
                return None
            self.want_renewal(code)
        return Found(entry.value, affiliate.value, program.value, "process")

    def find_unknown(self, code: str) -> Unknown | None:
        until = self.unknown.get(code)
        return UNKNOWN_HERE if until is not None and self.now() < until else None

    def keep(self, value: Referral, as_of: int) -> None:
        """Hold a value that a store read at version `as_of`, unless something newer is held or known of."""
        entries = self.shelves[value.kind]
        held = entries.get(value.id)
        outdated = held is not None and held.value.version > value.version
        if outdated or not self.changes.is_current(key_of(value), value.version, as_of):
            return
        now = self.now()
        entries[value.id] = Entry(value, now + self.holding.renew_s * self.jitter(), now + self.holding.keep_s)
        # What is in use is renewed, and so moved to the end: what falls out at the front is not.
        entries.move_to_end(value.id)
        if len(entries) > self.holding.most_of_a_kind:
            entries.popitem(last=False)
        if value.kind == "code":
            self.unknown.pop(value.id, None)

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

    def holds(self, key: Key) -> bool:
        kind, id_ = key
        return id_ in self.shelves[kind]

    def keys(self) -> list[Key]:
        return [(kind, id_) for kind, entries in self.shelves.items() for id_ in entries]
