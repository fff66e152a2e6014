"""The windows of a batch of clicks: uniqueness, counts and guards, from any store. Pure.

    batch = WindowBatch(visits)
    writes = batch.apply(store.read(batch.plan()))
    while writes:
        writes = batch.confirm(store.write(writes))
    facts = batch.facts()

One read and one write, and another write only where a second process claimed the same bucket meanwhile. Clicks are
judged in the order of their ids, whatever their order in the batch.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from quality import window_claims
from quality.window_claims import ClaimKeys
from quality.window_counts import BatchCounts, is_counted, make_keys
from quality.window_guards import DAY_MS, BatchGuards
from quality.window_store import Answers, Claim, Reads, Writes
from quality.window_visits import LATE_MS, Visit
from schemas import Counts, Guards, Uniqueness


class WindowFacts(msgspec.Struct, frozen=True, gc=False):
    unique: Uniqueness
    counts: Counts
    guards: Guards


NO_STORE: Final = WindowFacts(Uniqueness(status="no_store"), Counts(status="no_store"), Guards(status="no_store"))


def judge_without_store(visit: Visit) -> WindowFacts:
    """Judge what no store is needed for: the clicks with a cookie."""
    counts = Counts(status=visit.exempt) if visit.exempt else NO_STORE.counts
    return WindowFacts(window_claims.decide_alone(visit) or NO_STORE.unique, counts, NO_STORE.guards)


class WindowBatch:
    """Judges one batch.

    `now_ms` is the time, in milliseconds since 1970: what the store may have forgotten by then is not counted, or is
    called `warming`. Null: the store forgets nothing.
    """

    def __init__(self, visits: Sequence[Visit], now_ms: int | None = None) -> None:
        self._visits = visits
        self._now_ms = now_ms
        self._order = sorted(range(len(visits)), key=lambda place: visits[place].packed_id)
        self._alone = [window_claims.decide_alone(visit) for visit in visits]
        self._keys: dict[int, ClaimKeys] = {}
        self._values: dict[bytes, bytes | None] = {}
        self._first: dict[int, bytes] = {}
        self._counts: dict[int, Counts] = {}
        self._guards = BatchGuards()
        self._minutes = [self._guards.find_minute(visit) for visit in visits]
        self._logs = [make_keys(visit) if is_counted(visit) else None for visit in visits]
        self._sent: list[Claim] = []
        self._reads = Reads([], [])
        self._since_ms = 0

    def plan(self) -> Reads:
        """List the keys to read."""
        self._keys = {
            place: window_claims.make_keys(self._visits[place]) for place in self._order if self._alone[place] is None
        }
        keys = {key: None for keys in self._keys.values() for key in keys.list_reads()}
        keys.update(dict.fromkeys(key for pair in self._logs if pair is not None for key in pair))
        keys.update(dict.fromkeys(self._guards.list_values()))
        self._reads = Reads(list(keys), self._guards.list_sums())
        return self._reads

    def apply(self, answers: Answers) -> Writes:
        """Judge by what was read; give what to write."""
        self._values = dict(zip(self._reads.values, answers.values, strict=True))
        self._guards.set_sums(zip(self._reads.sums, answers.sums, strict=True))
        self._since_ms = answers.since_ms
        counts, kept = BatchCounts(), list[Claim]()
        for place in self._order:
            visit, minute = self._visits[place], self._minutes[place]
            age_ms = self._age_ms(visit)
            if age_ms < DAY_MS and (claims := self._guards.keep(minute, self._values)):
                self._values.update((claim.key, claim.value) for claim in claims)
                kept += claims
            log = self._logs[place]
            self._counts[place], is_new = counts.count(visit, log, self._values, is_old=age_ms > LATE_MS)
            if is_new:
                self._guards.add(visit, minute)
        return Writes(self._send([*self._claim(), *kept]), counts.appends, self._guards.list_adds())

    def confirm(self, answers: Sequence[bytes | None]) -> Writes:
        """Take the store's answers to the claims.

        Another process may have claimed the same bucket first: then clicks are judged again, and may claim another.
        """
        others = {
            claim.key: found
            for claim, found in zip(self._sent, answers, strict=True)
            if found is not None and found != claim.value
        }
        self._values.update(others)
        return Writes(self._send(self._claim() if others else []), [], [])

    def facts(self) -> list[WindowFacts]:
        """Give the facts of each click, in the order of the visits."""
        return [
            WindowFacts(
                self._write_unique(place, visit),
                self._counts[place],
                self._guards.read(self._minutes[place], self._values),
            )
            for place, visit in enumerate(self._visits)
        ]

    def _send(self, claims: Iterable[Claim]) -> list[Claim]:
        self._sent = list({claim.key: claim for claim in claims}.values())
        return self._sent

    def _claim(self) -> list[Claim]:
        """Judge the visitors without a cookie, in order; give the claims that the store does not have yet."""
        claims = []
        for place, keys in self._keys.items():
            self._first[place], claim = window_claims.find_first(self._visits[place], keys, self._values.get)
            if claim is not None:
                self._values[claim.key] = claim.value
                claims.append(claim)
        return claims

    def _write_unique(self, place: int, visit: Visit) -> Uniqueness:
        first = self._first.get(place)
        if first is None:
            return self._alone[place] or Uniqueness()
        is_warming = visit.at_ms - self._since_ms < visit.window_ms or self._age_ms(visit) >= DAY_MS
        return window_claims.write_verdict(visit, first, is_warming=is_warming)

    def _age_ms(self, visit: Visit) -> int:
        return 0 if self._now_ms is None else self._now_ms - visit.at_ms
