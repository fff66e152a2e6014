"""Attribution by token: how long one takes while it is asked for at a steady rate, and what it costs.

The clicks are made by SQL, a million, or as many as `BENCH_ATTRIBUTION_CLICKS` says. One in three has a click before
it, so there are chains of one to some clicks, spread over the 30 days of the window; some go back to the limit of 20.
The same is measured for `SELECT 1`, which shows how busy the machine is.
"""

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median, quantiles
from typing import Final

import asyncpg
import msgspec

from bench.measuring import cpu_seconds
from bench.report import Figure
from bench.stack import Bench
from cli.up.landing import DEMO_PROGRAM
from console.database import NAME, READERS, Database, open_database
from identity.keyfile import read_ring
from identity.token import TokenKeys, make_token
from referrals.windows import CachedWindows
from runtime.secret import Secret
from storage.days import prepare_days
from storage.engine import SCORES, read_engine
from storage.read.attribution import MOST_HOPS, Attribution
from storage.read.attribution_claims import attribute_token
from storage.read.queries import QUERY_S

CLICKS: Final = int(os.environ.get("BENCH_ATTRIBUTION_CLICKS", "1000000"))
DAYS: Final = 29
PER_S: Final = 500
GENTLY_PER_S: Final = 50
SECONDS: Final = 20
GOAL_MS: Final = 5.0
LONG_EVERY: Final = 1000
STARTED_AT: Final = datetime(2026, 11, 1, tzinfo=UTC)
STEP_MS: Final = DAYS * 86_400_000 // CLICKS
BATCH: Final = 100_000

WHAT: Final = f"attribution, {CLICKS:,} clicks"
FIND_PIDS: Final = "SELECT pid FROM pg_stat_activity WHERE application_name = $1"
Ask = Callable[[str], Awaitable[None]]

DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
TIME: Final = " || ".join(f"substr('{DIGITS}', ((ms >> {shift}) & 31)::int + 1, 1)" for shift in range(45, -1, -5))
MAKE_ID: Final = f"""
    CREATE FUNCTION bench_click_id(number bigint) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN (SELECT {TIME} || upper(left(md5(number::text), 16))
        FROM (VALUES ({int(STARTED_AT.timestamp() * 1000)} + number * {STEP_MS})) AS time(ms));
    CREATE FUNCTION bench_previous(number bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN number % {LONG_EVERY} = 0 THEN number - {LONG_EVERY}
        WHEN number % 3 = 0 THEN number - 1 - (number * 7919) % {CLICKS // 5} END;
"""
FILL: Final = f"""
    INSERT INTO clicks (click_id, clicked_at, code, affiliate_id, program_id, host, path, query, target_url, user_agent,
        cookie_state, privacy_gpc, privacy_dnt, privacy_decision, prefetch, unique_window_s, handled_region,
        handled_process, handled_steps_us, handled_key_ids, truncated, geo_status, device_type, referrer_medium, is_bot,
        bot_reasons, schema_version, published_at, enriched_at, fraud_score, fraud_band, previous_click_id)
    SELECT bench_click_id(number), at, 'code-' || number % 5000, 'affiliate-' || number % 500, '{DEMO_PROGRAM}',
        'go.shop.example', '/ref/code', 'utm_source=mail', 'https://shop.example/' || repeat('x', 100),
        repeat('u', 120), 'valid', false, false, 'full', false, 86400, 'local', 'bench', '{{}}', '{{}}', '{{}}',
        'found', 'mobile', 'search', false, '{{}}', '1.4', at, at, 0, 'clean',
        CASE WHEN bench_previous(number) >= 0 THEN bench_click_id(bench_previous(number)) END
    FROM generate_series($1::bigint, $2::bigint) AS number,
        LATERAL (SELECT $3::timestamptz + number * interval '{STEP_MS} ms') AS time(at)
"""
SCORE: Final = f"""
    INSERT INTO click_scores (click_id, clicked_at, rules, stage, score, band)
    SELECT click_id, clicked_at, 'bench', 'settled', 0, 'clean' FROM clicks WHERE program_id = '{DEMO_PROGRAM}'
"""


async def measure_attribution(bench: Bench) -> list[Figure]:
    keys = TokenKeys(read_ring(bench.addresses.keys_file))
    connection = await asyncpg.connect(bench.addresses.postgres, command_timeout=3600)
    try:
        await fill(connection)
        ids = await connection.fetch(
            "SELECT bench_click_id(number) FROM unnest($1::bigint[]) AS number", pick(PER_S * SECONDS)
        )
        last = CLICKS - 1 - (CLICKS - 1) % LONG_EVERY
        longest = await connection.fetchval("SELECT bench_click_id($1)", last)
    finally:
        await connection.close()
    async with open_database(Secret(bench.addresses.postgres)) as database:
        asker = Asker(database, keys)
        figures = []
        for per_s in (GENTLY_PER_S, PER_S):
            asked = [row[0] for row in ids[: per_s * SECONDS]]
            bare = await asker.run(asker.ask_nothing, asked, per_s)
            figures.append(describe(await asker.run(asker.ask, asked, per_s), bare, per_s))
        chain_ms = [await asker.time(asker.ask, longest) for _ in range(100)]
    clicks = asker.clicks / asker.answers
    return [
        *figures,
        Figure(f"{WHAT}: clicks read for one", f"{clicks:.2f}"),
        Figure(f"{WHAT}: a chain of {MOST_HOPS}, p50", f"{median(chain_ms):.1f} ms"),
    ]


async def fill(connection: asyncpg.Connection) -> None:
    days = [(STARTED_AT + timedelta(days=day)).date() for day in range(DAYS + 1)]
    engine = await read_engine(connection)
    for table in ("clicks", SCORES):
        await prepare_days(connection, engine, days, table)
    await connection.execute(MAKE_ID)
    for start in range(0, CLICKS, BATCH):
        await connection.execute(FILL, start, min(start + BATCH, CLICKS) - 1, STARTED_AT)
    await connection.execute(SCORE)
    await connection.execute("VACUUM ANALYZE clicks, click_scores")
    # What was filled would otherwise be written to the disk while questions are measured.
    await connection.execute("CHECKPOINT")


def pick(count: int) -> Sequence[int]:
    """Pick clicks whose chains are of any length but the longest ones."""
    numbers = random.Random(1)  # noqa: S311 - any clicks will do
    return [number + (number % LONG_EVERY == 0) for number in (numbers.randrange(CLICKS - 1) for _ in range(count))]


class Run(msgspec.Struct, frozen=True):
    """How long each of the questions took, and the CPU time of all of them, here and in PostgreSQL."""

    times_ms: list[float]
    cpu_s: float

    @property
    def cpu_ms(self) -> float:
        return self.cpu_s * 1000 / len(self.times_ms)

    @property
    def p99_ms(self) -> float:
        return quantiles(self.times_ms, n=100)[98]


def describe(run: Run, bare: Run, per_s: int) -> Figure:
    measured = (
        f"p50 {median(run.times_ms):.1f}, p99 {run.p99_ms:.1f} ms, {run.cpu_ms:.2f} ms of CPU"
        f" (SELECT 1: p50 {median(bare.times_ms):.1f}, p99 {bare.p99_ms:.1f}, {bare.cpu_ms:.2f})"
    )
    has_goal = per_s == PER_S
    goal = f"p99 <= {GOAL_MS:.0f} ms" if has_goal else ""
    return Figure(f"{WHAT}: {per_s}/s", measured, goal, run.p99_ms <= GOAL_MS if has_goal else None)


class Asker:
    """Asks as the console does, over its pool, and counts the clicks that were read."""

    def __init__(self, database: Database, keys: TokenKeys) -> None:
        self._database = database
        self._keys = keys
        self._windows = CachedWindows()
        self._turns = asyncio.Semaphore(READERS)
        self.clicks = 0
        self.answers = 0

    async def ask(self, click_id: str) -> None:
        """Attribute the token of a click."""
        token, at = make_token(self._keys, click_id, DEMO_PROGRAM), STARTED_AT + timedelta(days=DAYS)
        found = await self._database.read(
            lambda reader: attribute_token(reader, self._keys, token, partial(self._windows.find, reader), at)
        )
        assert isinstance(found, Attribution), found
        self.clicks += found.clicks
        self.answers += 1

    async def ask_nothing(self, _: str) -> None:
        await self._database.read(lambda reader: reader.fetchval("SELECT 1", timeout=QUERY_S))

    async def time(self, ask: Ask, click_id: str, due: float | None = None) -> float:
        """Ask; return how many milliseconds after `due`, or after now, the answer is there."""
        due = time.perf_counter() if due is None else due
        # On a machine too busy for the rate they wait here: the pool would give up.
        async with self._turns:
            await ask(click_id)
        return (time.perf_counter() - due) * 1000

    async def run(self, ask: Ask, ids: Sequence[str], per_s: int) -> Run:
        """Ask for each at its time, whether the ones before are answered or not."""
        for click_id in ids[:per_s]:
            await ask(click_id)
        before, began = await self._cpu_s(), time.perf_counter()
        async with asyncio.TaskGroup() as group:
            tasks = []
            for number, click_id in enumerate(ids):
                due = began + number / per_s
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                tasks.append(group.create_task(self.time(ask, click_id, due)))
        return Run([task.result() for task in tasks], await self._cpu_s() - before)

    async def _cpu_s(self) -> float:
        """Return the CPU time that this process and PostgreSQL's processes for it have taken so far."""
        pids = await self._database.read(lambda reader: reader.fetch(FIND_PIDS, NAME, timeout=QUERY_S))
        return time.process_time() + sum(cpu_seconds(row[0]) for row in pids)
