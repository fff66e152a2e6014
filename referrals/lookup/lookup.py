"""Finds the referral of a code: in this process, else in Redis, else in Postgres.

    found = lookup.find_cached(code) or await lookup.find(code)

Where the stores must not be asked, use `lookup.peek(code)`.

What the process holds, or knows from a snapshot, is kept right by `follow`. What it does not is read in batches, so
that a thousand visitors of one new code make one read, and a thousand different codes a few.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from referrals.lookup.answers import UNAVAILABLE, UNKNOWN_HERE, UNKNOWN_IN_POSTGRES, Answer, Found, Layer, Unknown
from referrals.lookup.batch_loader import BatchLoader, BatchPolicy
from referrals.lookup.change_feed import ChangeSubscriber
from referrals.lookup.local_cache import CachePolicy, ReferralCache, Time, belongings_of
from referrals.lookup.postgres_source import RowsReading
from referrals.lookup.redis_codec import Reading
from referrals.lookup.redis_history import State
from referrals.metrics import LookupMetrics
from referrals.model import Affiliate, Key, Program, Referral, ReferralCode, key_of
from referrals.snapshot.referral_set import ReferralSet
from urls.codes import is_code

REDIS_PACE: Final = BatchPolicy(most=500, pause_s=0.001)
POSTGRES_PACE: Final = BatchPolicy(most=500, pause_s=0.025, burst=10)
"""At most 50 reads in any second, whatever is asked: a scan of random codes cannot reach the database."""


class SharedCache(Protocol):
    """Values that other processes have read. Never raises: what it cannot give is a miss. `write` returns at once."""

    async def read(self, keys: Sequence[Key]) -> list[Reading]: ...

    def write(self, values: Iterable[Referral], as_of: int) -> None: ...

    async def join_history(self, origin: bytes, version: int, *, is_restored: bool = False) -> State: ...


class SourceOfTruth(Protocol):
    """The store that knows. Gives codes with their affiliates and programs; null when it does not answer in time."""

    async def read(self, codes: Sequence[str]) -> RowsReading | None: ...


class Lookup:
    """`find_cached` answers at once or gives null; `find` may wait, at most for the time-outs of the layers below."""

    def __init__(
        self,
        shared: SharedCache | None,
        deciding: SourceOfTruth,
        holding: CachePolicy,
        time: Time,
        metrics: LookupMetrics,
    ) -> None:
        self.shared = shared
        self.deciding = deciding
        self.shared_reads: BatchLoader[Found | None] = BatchLoader(self.read_shared, None, REDIS_PACE)
        self.deciding_reads: BatchLoader[Answer] = BatchLoader(self.read_deciding, UNAVAILABLE, POSTGRES_PACE)
        self.known = ReferralSet(metrics)
        self.held = ReferralCache(holding, time, self.deciding_reads.want, self.known)
        self.follower = ChangeSubscriber(self.held, self.share, metrics, shared)
        self.find_cached = self.held.find

    def peek(self, code: str) -> Found | Unknown | None:
        """Answer at once and without the stores; null when only they can."""
        return self.held.find(code, admitted=True)

    async def find(self, code: str) -> Answer:
        """Answer from the nearest layer that can. A code that cannot exist is unknown without asking anybody."""
        # Whether the stores may be asked for it was decided when `find_cached` gave null: once for each visitor.
        answer: Answer | None = self.held.find(code, admitted=True)
        if answer is None and not is_code(code):
            return UNKNOWN_HERE
        if answer is None and self.shared is not None:
            # Meanwhile Postgres may have answered another visitor of this code: then it is not asked again.
            answer = await self.shared_reads.load(code) or self.held.find(code, admitted=True)
        if answer is None:
            answer = await self.deciding_reads.load(code)
        return (self.held.find_stale(code) or UNAVAILABLE) if answer is UNAVAILABLE else answer

    def problem(self) -> str | None:
        """Say why this process may not know the codes, or null: it has a snapshot, or has reached Postgres once."""
        known = self.known.file is not None or self.follower.reached
        return None if known else "Postgres has not been reached since the start"

    def share(self, values: Iterable[Referral], as_of: int) -> None:
        if self.shared is not None:
            self.shared.write(values, as_of)

    async def read_shared(self, codes: Sequence[str]) -> Mapping[str, Found | None]:
        if self.shared is None:
            return {}
        belongings: set[Key] = set()
        for reading in await self.shared.read([("code", code) for code in codes]):
            self.held.keep(reading.value, reading.as_of)
            if isinstance(reading.value, ReferralCode):
                belongings.update(key for key in belongings_of(reading.value) if not self.held.holds(key))
        for reading in await self.shared.read(sorted(belongings)):
            self.held.keep(reading.value, reading.as_of)
        return {code: self.find_held(code, "redis") for code in codes}

    async def read_deciding(self, codes: Sequence[str]) -> Mapping[str, Answer]:
        reading = await self.deciding.read(codes)
        if reading is None:
            return {}
        for row in reading.rows:
            self.held.keep(row, reading.as_of)
        for code in reading.absent:
            self.held.keep_unknown(code, reading.as_of)
        self.share(reading.rows, reading.as_of)
        answers: dict[str, Answer] = dict.fromkeys(reading.absent, UNKNOWN_IN_POSTGRES)
        # What was read is good enough an answer even if a change that came meanwhile forbids holding it.
        answers.update(join(reading.rows))
        answers.update({code: found for code in codes if (found := self.find_held(code, "postgres"))})
        return answers

    def find_held(self, code: str, layer: Layer) -> Found | None:
        found = self.held.find(code, admitted=True)
        return msgspec.structs.replace(found, layer=layer) if isinstance(found, Found) else None


def join(rows: Iterable[Referral]) -> dict[str, Answer]:
    """Put codes together with their affiliates and programs, as one reading gave them."""
    by_key = {key_of(row): row for row in rows}
    joined: dict[str, Answer] = {}
    for row in by_key.values():
        if isinstance(row, ReferralCode):
            affiliate = by_key.get(("affiliate", row.affiliate_id))
            program = by_key.get(("program", row.program_id))
            if isinstance(affiliate, Affiliate) and isinstance(program, Program):
                joined[row.code] = Found(row, affiliate, program, "postgres")
    return joined
