"""Referrals for tests, and a clock that a test turns."""

import uuid
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final

import asyncpg

from identity.cache_mac import CacheMac
from referrals.lookup.cache_policy import Time
from referrals.lookup.postgres_source import VersionedRows
from referrals.lookup.redis_codec import VersionedValue
from referrals.lookup.redis_history import State
from referrals.model import Affiliate, Key, Program, Referral, ReferralCode
from tests.identity.builders import known_ring

SIGNER = CacheMac(known_ring())

SLOW_DAY_S: Final = 30.0
PATIENT: Final[dict[str, float]] = {
    "redis_timeout_s": SLOW_DAY_S,
    "postgres_timeout_s": SLOW_DAY_S,
    "postgres_connect_grace_s": SLOW_DAY_S,
    "background_timeout_s": SLOW_DAY_S,
}
"""Settings of a lookup for a test that is not about its time-outs: on a busy machine an answer takes longer."""
TARGET = "https://shop.example/spring?ref={click_token}"


def program(**changes: Any) -> Program:
    return Program(**{"id": "shop", "name": "Shop", "status": "active", "target_url": TARGET, "version": 1} | changes)


def affiliate(**changes: Any) -> Affiliate:
    return Affiliate(**{"id": "ann", "name": "Ann", "status": "active", "version": 2} | changes)


def code(**changes: Any) -> ReferralCode:
    fields = {"code": "abc123", "affiliate_id": "ann", "program_id": "shop", "status": "active", "version": 3}
    return ReferralCode(**fields | changes)


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def pass_seconds(self, seconds: float) -> None:
        self.seconds += seconds

    def time(self) -> Time:
        return Time(lambda: self.seconds, lambda: 1.0)


class FakeSource:
    """The deciding layer as a dict; counts its reads, and can be away."""

    def __init__(self, rows: Iterable[Referral] = (), as_of: int = 10) -> None:
        self.rows: dict[Key, Referral] = {(row.kind, row.id): row for row in rows}
        self.as_of = as_of
        self.away = False
        self.reads: list[list[str]] = []
        self.before_answer: Callable[[], Awaitable[None]] | None = None

    async def read(self, codes: Sequence[str]) -> VersionedRows | None:
        self.reads.append(list(codes))
        reading = self.look(codes)
        if self.before_answer is not None:
            await self.before_answer()
        return None if self.away else reading

    def look(self, codes: Sequence[str]) -> VersionedRows:
        rows: dict[Key, Referral] = {}
        for name in codes:
            found = self.rows.get(("code", name))
            if isinstance(found, ReferralCode):
                keys = [("code", name), ("affiliate", found.affiliate_id), ("program", found.program_id)]
                rows |= {key: self.rows[key] for key in keys}
        absent = [name for name in codes if ("code", name) not in self.rows]
        return VersionedRows(self.as_of, list(rows.values()), absent)


class FakeSharedCache:
    """The shared layer as a dict; writes are kept in the order they came."""

    is_history_lost = False

    def __init__(self, readings: Iterable[VersionedValue] = ()) -> None:
        self.readings = {(reading.value.kind, reading.value.id): reading for reading in readings}
        self.reads: list[list[Key]] = []
        self.written: list[tuple[Key, int]] = []
        self.before_answer: Callable[[], Awaitable[object]] | None = None

    async def read(self, keys: Sequence[Key]) -> list[VersionedValue]:
        self.reads.append(list(keys))
        if self.before_answer is not None:
            await self.before_answer()
        return [self.readings[key] for key in keys if key in self.readings]

    def write(self, values: Iterable[Referral], as_of: int, *, is_change: bool = False) -> None:
        for value in values:
            key = (value.kind, value.id)
            self.written.append((key, as_of))
            if key not in self.readings or self.readings[key].as_of < as_of:
                self.readings[key] = VersionedValue(value, as_of)

    async def join_history(self, origin: bytes, version: int, *, is_restored: bool = False) -> State:
        return "agrees"

    def forget(self) -> None:
        self.readings.clear()


def get_signer() -> CacheMac:
    return SIGNER


def unique_prefix() -> str:
    return f"test-{uuid.uuid4().hex[:12]}"


async def insert(connection: asyncpg.Connection, *codes: str) -> None:
    """Store a program `shop`, an affiliate `ann`, and these codes of theirs."""
    await connection.execute("INSERT INTO programs (id, name, target_url) VALUES ('shop', 'Shop', $1)", TARGET)
    await connection.execute("INSERT INTO affiliates (id, name) VALUES ('ann', 'Ann')")
    if codes:
        await connection.execute(
            "INSERT INTO referral_codes (code, affiliate_id, program_id) "
            "SELECT c, 'ann', 'shop' FROM unnest($1::text[]) c",
            list(codes),
        )
