"""Finds the affiliate and program of a code: in this process, else in Redis, else in Postgres.

    found = lookup.find_cached(code) or await lookup.find(code)

Where the stores must not be asked, use `lookup.peek(code)`.

`change_feed` keeps the memory of the process and its snapshot current. All other codes are read in batches, so that a
thousand visitors of one new code make one read, and a thousand different codes make a few.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Final, Protocol

import msgspec

from referrals.lookup.answers import UNAVAILABLE, UNKNOWN_HERE, UNKNOWN_IN_POSTGRES, Answer, Found, Layer, Unknown
from referrals.lookup.batch_loader import BatchLoader, BatchPolicy
from referrals.lookup.cache_policy import CachePolicy, Time
from referrals.lookup.change_feed import ChangeSubscriber
from referrals.lookup.local_cache import ReferralCache, owner_keys
from referrals.lookup.postgres_source import VersionedRows
from referrals.lookup.redis_codec import VersionedValue
from referrals.lookup.restore_watch import SharedHistory
from referrals.metrics import LookupMetrics
from referrals.model import Affiliate, Key, Program, Referral, ReferralCode, key_of
from referrals.snapshot.referral_set import ReferralSet
from urls.codes import is_code

REDIS_BATCHING: Final = BatchPolicy(max_keys=500, pause_s=0.001)
POSTGRES_BATCHING: Final = BatchPolicy(max_keys=500, pause_s=0.025, burst=10)
"""At most 50 reads in any second: a scan of random codes cannot overload the database."""


class SharedCache(SharedHistory, Protocol):
    """Values that other processes have read. Never raises: an error is a miss. `write` returns at once."""

    async def read(self, keys: Sequence[Key]) -> list[VersionedValue]: ...

    def write(self, values: Iterable[Referral], as_of: int, *, is_change: bool = False) -> None: ...


class SourceOfTruth(Protocol):
    """The store that decides. Reads codes with their affiliates and programs; null when it does not answer in time."""

    async def read(self, codes: Sequence[str]) -> VersionedRows | None: ...


class Lookup:
    """`find_cached` and `peek` return at once; `find` waits for the stores, limited by their time-outs."""

    def __init__(
        self,
        shared_cache: SharedCache | None,
        source: SourceOfTruth,
        cache_policy: CachePolicy,
        time: Time,
        metrics: LookupMetrics,
    ) -> None:
        self.shared_cache = shared_cache
        self.source = source
        self.shared_loader: BatchLoader[Found | None] = BatchLoader(self.read_shared, None, REDIS_BATCHING)
        self.source_loader: BatchLoader[Answer] = BatchLoader(self.read_source, UNAVAILABLE, POSTGRES_BATCHING)
        self.referral_set = ReferralSet(metrics)
        self.local_cache = ReferralCache(cache_policy, time, self.source_loader.enqueue, self.referral_set)
        write_change = partial(self.write_shared, is_change=True)
        self.subscriber = ChangeSubscriber(self.local_cache, write_change, metrics, shared_cache)
        self.find_cached = self.local_cache.find

    def peek(self, code: str) -> Found | Unknown | None:
        """Answer from memory and snapshot, without using up the rate limit of `find_cached`; null if not there."""
        return self.local_cache.find(code, is_admitted=True)

    async def find(self, code: str) -> Answer:
        """Answer from the nearest layer that can. A malformed code is unknown; no store is asked for it."""
        # `find_cached` returned null before, so this visitor has passed the rate limit already.
        answer: Answer | None = self.local_cache.find(code, is_admitted=True)
        if answer is None and not is_code(code):
            return UNKNOWN_HERE
        if answer is None and self.shared_cache is not None:
            # While Redis was asked, Postgres may have answered another visitor of this code: look again.
            answer = await self.shared_loader.load(code) or self.local_cache.find(code, is_admitted=True)
        if answer is None:
            answer = await self.source_loader.load(code)
        return (self.local_cache.find_stale(code) or UNAVAILABLE) if answer is UNAVAILABLE else answer

    def problem(self) -> str | None:
        """Say why this process may not know the codes; null if it has a snapshot or has reached Postgres once."""
        has_data = self.referral_set.file is not None or self.subscriber.has_connected
        return None if has_data else "Postgres has not been reached since the start"

    def write_shared(self, values: Iterable[Referral], as_of: int, *, is_change: bool = False) -> None:
        if self.shared_cache is not None:
            self.shared_cache.write(values, as_of, is_change=is_change)

    async def read_shared(self, codes: Sequence[str]) -> Mapping[str, Found | None]:
        if self.shared_cache is None:
            return {}
        owners: set[Key] = set()
        for reading in await self.shared_cache.read([("code", code) for code in codes]):
            self.local_cache.put(reading.value, reading.as_of)
            if isinstance(reading.value, ReferralCode):
                owners.update(key for key in owner_keys(reading.value) if not self.local_cache.contains(key))
        for reading in await self.shared_cache.read(sorted(owners)):
            self.local_cache.put(reading.value, reading.as_of)
        return {code: self.find_local(code, "redis") for code in codes}

    async def read_source(self, codes: Sequence[str]) -> Mapping[str, Answer]:
        reading = await self.source.read(codes)
        if reading is None:
            return {}
        # What is outdated by now is shared with nobody either: who cannot reach Postgres would believe it.
        self.write_shared([row for row in reading.rows if self.local_cache.put(row, reading.as_of)], reading.as_of)
        for code in reading.absent:
            self.local_cache.put_unknown(code, reading.as_of)
        answers: dict[str, Answer] = dict.fromkeys(reading.absent, UNKNOWN_IN_POSTGRES)
        # Answer with the rows that were read even if a newer change is known and they were not cached.
        answers.update(join_rows(reading.rows))
        answers.update({code: found for code in codes if (found := self.find_local(code, "postgres"))})
        return answers

    def find_local(self, code: str, layer: Layer) -> Found | None:
        found = self.local_cache.find(code, is_admitted=True)
        return msgspec.structs.replace(found, layer=layer) if isinstance(found, Found) else None


def join_rows(rows: Iterable[Referral]) -> dict[str, Answer]:
    """Join codes with their affiliates and programs from one read."""
    by_key = {key_of(row): row for row in rows}
    joined: dict[str, Answer] = {}
    for row in by_key.values():
        if isinstance(row, ReferralCode):
            affiliate = by_key.get(("affiliate", row.affiliate_id))
            program = by_key.get(("program", row.program_id))
            if isinstance(affiliate, Affiliate) and isinstance(program, Program):
                joined[row.code] = Found(row, affiliate, program, "postgres")
    return joined
