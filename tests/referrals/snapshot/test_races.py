"""What happens between two steps: a file adopted while changes are read, too many changes while one is written."""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from referrals.lookup.answers import Found
from referrals.lookup.cache_policy import CachePolicy
from referrals.lookup.change_feed import READ_PAGE, ChangeSubscriber
from referrals.lookup.factory import LookupSettings, open_lookup
from referrals.lookup.local_cache import ReferralCache
from referrals.lookup.lookup import Lookup
from referrals.lookup.version_tracker import Change
from referrals.metrics import LookupMetrics
from referrals.model import ReferralCode
from referrals.snapshot.referral_set import ReferralSet
from referrals.snapshot.refresher import SnapshotRefresher
from tests.referrals.builders import PATIENT, Clock, affiliate, code, insert, program
from tests.referrals.snapshot.files import open_file, write_file
from tests.waiting import eventually

ROWS = [program(), affiliate(), code()]


class FakeConnection:
    """Postgres as lists: changes and codes. `before_rows` happens while rows are being read."""

    def __init__(self, changes: Sequence[Change], codes: Sequence[ReferralCode]) -> None:
        self.changes = changes
        self.codes = {row.code: row for row in codes}
        self.as_of = changes[-1].version
        self.before_rows: Callable[[], object] = lambda: None

    async def fetch(self, query: str, *arguments: Any, **_: object) -> list[Any]:
        if query == READ_PAGE:
            position = arguments[:3]
            return [
                (each.kind, each.id, each.version)
                for each in self.changes
                if (each.version, each.kind, each.id) > position
            ]
        self.before_rows()
        found = [self.codes[id_] for id_ in arguments[0] if id_ in self.codes]
        rows = [{"as_of": self.as_of, "id": row.code, "code": msgspec.json.encode(row)} for row in found]
        return rows or [{"as_of": self.as_of, "id": None}]


def make_follower(max_changed: int = 100) -> ChangeSubscriber:
    referral_set = ReferralSet(LookupMetrics(), max_changed)
    held = ReferralCache(CachePolicy(), Clock().time(), lambda _: None, referral_set)
    return ChangeSubscriber(held, lambda *_: None, LookupMetrics())


async def test_changes_that_are_being_read_while_a_file_is_adopted_are_not_missed(tmp_path: Path) -> None:
    subscriber = make_follower()
    subscriber.position = (10, "~", "")
    held = code(code="held", version=11)
    new = code(code="abc123", status="paused", version=12)
    for row in (program(), affiliate(), code(code="held")):
        subscriber.local_cache.put(row, 10)
    connection = FakeConnection([Change("code", "held", 11), Change("code", "abc123", 12)], [held, new])

    def use_file() -> None:
        if not subscriber.referral_set.is_complete:
            subscriber.use_file(write_file(tmp_path, ROWS, version=10))

    connection.before_rows = use_file
    await subscriber.catch_up(connection)
    assert (subscriber.referral_set.find(("code", "abc123")), subscriber.referral_set.as_of) == (new, 12)


async def test_too_many_changes_while_the_lock_is_taken_write_nothing(tmp_path: Path) -> None:
    subscriber = make_follower(max_changed=1)
    refresher = SnapshotRefresher(tmp_path, 60.0, subscriber, partial(asyncio.sleep, 0))
    write_file(tmp_path, ROWS)
    await refresher.load()
    refresher._not_before = 0.0
    subscriber.referral_set.apply_changes({("code", "abc123"): 11}, [], [("code", "abc123")])
    writing = asyncio.create_task(refresher._write_if_due())
    await asyncio.sleep(0)
    subscriber.referral_set.apply_changes({("code", "other"): 12}, [], [("code", "other")])
    subscriber.referral_set.complete_at = 12
    await writing
    await refresher.close()
    assert (subscriber.referral_set.is_complete, open_file(tmp_path).version) == (False, 10)


BREAK_CONNECTIONS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE application_name = 'clickrail referrals' AND pid <> pg_backend_pid()"
)
CHANGES = [
    "UPDATE referral_codes SET status = CASE status WHEN 'active' THEN 'paused' ELSE 'active' END WHERE code = 'c{n}'",
    "DELETE FROM referral_codes WHERE code = 'c{n}'",
    "INSERT INTO referral_codes (code, affiliate_id, program_id) VALUES ('c{n}', 'ann', 'shop') ON CONFLICT DO NOTHING",
    "UPDATE referral_codes SET status = 'active' WHERE code LIKE 'c{n}%'",
    "UPDATE programs SET name = 'Shop {n}'",
    BREAK_CONNECTIONS,
]


@pytest.mark.servers
async def test_whatever_happens_in_whatever_order_the_set_is_what_postgres_says(
    referrals_url: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    rng = random.Random(1)
    names = [f"c{n}" for n in range(400)]
    await insert(connection, *names[::2])
    settings = LookupSettings(database_url=referrals_url, snapshot_dir=str(tmp_path), snapshot_every_s=0.02, **PATIENT)
    for _ in range(15):
        async with AsyncExitStack() as opened:
            lookups = [await opened.enter_async_context(open_lookup(settings, LookupMetrics())) for _ in range(3)]
            for lookup in lookups:
                lookup.referral_set._max_changed = rng.choice([5, 50, 500])
            for _ in range(rng.randrange(20, 100)):
                change = rng.choices(CHANGES, [40, 10, 20, 3, 3, 1])[0]
                await connection.execute(change.format(n=rng.randrange(len(names))))
            truth = {row["code"]: row["status"] for row in await connection.fetch("TABLE referral_codes")}
            version = await connection.fetchval("SELECT max(version) FROM referral_changes")
            for lookup in lookups:
                await eventually(partial(is_up_to, lookup, version))
                assert statuses_in(lookup, names) == {name: truth.get(name) for name in names}
                assert {status_of(lookup, name) for name in names if name not in truth} <= {None}


def is_up_to(lookup: Lookup, version: int) -> bool:
    return (
        lookup.referral_set.is_complete and lookup.referral_set.fresh_until > 0 and lookup.referral_set.as_of >= version
    )


def statuses_in(lookup: Lookup, names: Sequence[str]) -> dict[str, str | None]:
    found: dict[str, object] = {name: lookup.referral_set.find(("code", name)) for name in names}
    return {name: value.status if isinstance(value, ReferralCode) else None for name, value in found.items()}


def status_of(lookup: Lookup, name: str) -> str | None:
    found = lookup.find_cached(name)
    return found.code.status if isinstance(found, Found) else None
