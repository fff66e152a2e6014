"""How a migration waits for a lock: briefly, and again and again, so that nobody waits long behind it.

PostgreSQL queues lock requests: while a change of a table waits for one long reader, every later write of that table
waits behind the change. So a wait ends after `deadlock_timeout` and half a second: what was done is rolled back, all
who waited go on, and it is tried again. It must not end before `deadlock_timeout`: only then does PostgreSQL end an
autovacuum that is in the way.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import asyncpg

from runtime.backoff import backoff_delays
from runtime.migration_files import MigrationError

T = TypeVar("T")
Report = Callable[[str], None]
"""Is told in a sentence what a migration waits for, each time."""

LOCKED: Final = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)
LONGEST_PAUSE_S: Final = 8.0
GIVE_UP_S: Final = 600.0

LIMIT_WAIT: Final = """
    SELECT set_config('lock_timeout', (setting::bigint + 500)::text, $1)
    FROM pg_settings WHERE name = 'deadlock_timeout'
"""
RESET_WAIT: Final = "RESET lock_timeout"
# Names no statement: it could hold what people typed. Since when is told only to whoever may read others' statistics.
HOLDERS: Final = """
    SELECT 'process ' || pid || coalesce(' (' || nullif(application_name, '') || ')', '')
        || coalesce(', for ' || extract(epoch FROM clock_timestamp() - min(xact_start))::bigint || ' s', '')
    FROM pg_locks JOIN pg_stat_activity USING (pid) JOIN pg_class ON pg_class.oid = relation
    WHERE granted AND pid <> pg_backend_pid() AND relnamespace = current_schema()::regnamespace
        AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    GROUP BY pid, application_name ORDER BY min(xact_start) LIMIT 3
"""


async def limit_lock_wait(connection: asyncpg.Connection, *, in_transaction: bool) -> None:
    """Limit how long the statements of this transaction, or of the session until `RESET_WAIT`, wait for a lock."""
    await connection.fetchval(LIMIT_WAIT, in_transaction)


async def until_unlocked(
    connection: asyncpg.Connection, attempt: Callable[[], Awaitable[T]], report: Report, give_up_s: float = GIVE_UP_S
) -> T:
    """Run `attempt` until no lock is in its way; between two attempts others have their turn.

    Raises MigrationError that names who holds the locks when they were in the way for `give_up_s`.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + give_up_s
    pauses = backoff_delays(1.0, LONGEST_PAUSE_S)
    while True:
        try:
            return await attempt()
        except LOCKED:
            in_the_way = await describe_holders(connection)
        if loop.time() > deadline:
            raise MigrationError(
                f"No lock could be had for {give_up_s:.0f} s; {in_the_way}. End that, then run `clickrail migrate`"
            )
        pause_s = next(pauses)
        report(f"{in_the_way}; trying again in {pause_s:.0f} s")
        await asyncio.sleep(pause_s)


async def describe_holders(connection: asyncpg.Connection) -> str:
    holders = [row[0] for row in await connection.fetch(HOLDERS)]
    return f"tables are in use by {'; '.join(holders)}" if holders else "a table was locked, and is not any more"
