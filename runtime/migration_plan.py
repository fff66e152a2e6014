"""What `migrate` would do to a database, and who would wait for it. Reads only."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import asyncpg
import msgspec

from runtime.migration_files import Migration, MigrationSet, split_statements
from runtime.migration_locks import CREATE_INDEX, TableLock, one_line, read_locks
from runtime.migration_state import MigrationState, find_pending, find_skipped, read_engine, read_state
from runtime.timescaledb import is_timescaledb_wanted

TABLES: Final = """
    WITH RECURSIVE parts (root, part) AS (
        SELECT relname, oid FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
        UNION ALL SELECT root, inhrelid FROM parts JOIN pg_inherits ON inhparent = part
    )
    -- A partitioned table has no rows of its own, and yet their number.
    SELECT root,
        sum(
            CASE relkind WHEN 'r' THEN greatest(reltuples, pg_stat_get_live_tuples(part), 0) ELSE 0 END
        )::bigint AS rows,
        -- Not pg_total_relation_size(), which waits for locks.
        sum(greatest(relpages, 0) + pages)::bigint * current_setting('block_size')::bigint AS bytes
    FROM parts JOIN pg_class ON pg_class.oid = part, LATERAL (
        SELECT coalesce(sum(greatest(relpages, 0)), 0) AS pages FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
        WHERE indrelid = part AND relkind = 'i'
    ) AS indexes
    GROUP BY root
"""
INDEXES: Final = """
    SELECT index.relname AS index, indexed.relname AS indexed FROM pg_index
    JOIN pg_class index ON index.oid = indexrelid JOIN pg_class indexed ON indexed.oid = indrelid
    WHERE indexed.relnamespace = current_schema()::regnamespace
"""
HAS_RECORDS: Final = "SELECT to_regclass('schema_migrations') IS NOT NULL"


class TableSize(msgspec.Struct, frozen=True):
    """How large a table is with its partitions and indexes, as PostgreSQL last counted them."""

    rows: int
    bytes: int


class PlannedStatement(msgspec.Struct, frozen=True):
    """A statement and its locks on tables that exist before the run. `locks` is null if they cannot be told."""

    sql: str
    locks: tuple[TableLock, ...] | None


class Wait(msgspec.Struct, frozen=True):
    """Writes to a table, and maybe reads, wait for a file. `is_long`: while rows are read; null if that is unknown."""

    table: str
    reads_too: bool
    is_long: bool | None


class PlannedFile(msgspec.Struct, frozen=True):
    """A file that is to be applied. In one transaction, what it locks stays locked until its end."""

    name: str
    in_transaction: bool
    statements: tuple[PlannedStatement, ...]
    waits: tuple[Wait, ...]


class MigrationPlan(msgspec.Struct, frozen=True):
    """What `migrate` would do, in this order. `tables` are those that files lock."""

    creates_timescaledb: bool
    files: tuple[PlannedFile, ...]
    skipped: tuple[str, ...]
    tables: Mapping[str, TableSize]

    @property
    def is_pending(self) -> bool:
        """Whether there is anything to do."""
        return self.creates_timescaledb or bool(self.files)


async def plan_migrations(connection: asyncpg.Connection, packages: Sequence[MigrationSet]) -> MigrationPlan:
    """Read what a database lacks. Changes nothing and waits for nobody's locks on tables.

    Raises MigrationError when the files and the database do not match, and asyncpg's errors.
    """
    async with connection.transaction(readonly=True):
        creates = await is_timescaledb_wanted(connection)
        state = await read_state_or_none(connection)
        if creates:
            state = msgspec.structs.replace(state, engine="timescaledb")
        sizes = {row["root"]: TableSize(row["rows"], row["bytes"]) for row in await connection.fetch(TABLES)}
        indexes = {row["index"]: row["indexed"] for row in await connection.fetch(INDEXES)}
    files = plan_files(find_pending(packages, state), sizes, indexes)
    locked = {lock.table for file in files for lock in locks_of(file.statements)}
    skipped = tuple(one.name for one in find_skipped(packages, state))
    return MigrationPlan(creates, files, skipped, {name: sizes[name] for name in sizes if name in locked})


async def read_state_or_none(connection: asyncpg.Connection) -> MigrationState:
    """Read what the database has; of one that was never migrated, that it has nothing."""
    if await connection.fetchval(HAS_RECORDS):
        return await read_state(connection)
    return MigrationState({}, engine=await read_engine(connection))


def plan_files(
    migrations: Sequence[Migration], sizes: Mapping[str, TableSize], indexes: Mapping[str, str]
) -> tuple[PlannedFile, ...]:
    known = dict(indexes)
    return tuple(plan_file(migration, sizes, known) for migration in migrations)


def plan_file(migration: Migration, sizes: Mapping[str, TableSize], indexes: dict[str, str]) -> PlannedFile:
    """Plan a file; `indexes` gets those that it makes, since a later file may drop them."""
    statements = list[PlannedStatement]()
    for sql in map(one_line, split_statements(migration.sql)):
        locks = read_locks(sql, indexes)
        existing = None if locks is None else tuple(lock for lock in locks if lock.table in sizes)
        statements.append(PlannedStatement(sql, existing))
        if made := CREATE_INDEX.match(sql):
            indexes[made[2]] = made[3]
    in_transaction = migration.directives.in_transaction
    waits = tuple(find_waits(statements, in_transaction=in_transaction))
    return PlannedFile(migration.name, in_transaction, tuple(statements), waits)


def find_waits(statements: Sequence[PlannedStatement], *, in_transaction: bool) -> Iterator[Wait]:
    """Find the tables whose writers wait, each once: for all that follows their lock in its transaction."""
    stopped: dict[str, list[bool | None]] = {}
    for number, statement in enumerate(statements):
        until = statements[number:] if in_transaction else [statement]
        for lock in statement.locks or ():
            if lock.stops_writes:
                stopped.setdefault(lock.table, []).append(is_long(until))
    for table, lengths in stopped.items():
        reads_too = any(lock.stops_reads for lock in locks_of(statements) if lock.table == table)
        yield Wait(table, reads_too, True if True in lengths else None if None in lengths else False)


def is_long(statements: Sequence[PlannedStatement]) -> bool | None:
    """Return whether one of them reads the rows of a table; None if that cannot be told."""
    if any(lock.reads_rows for lock in locks_of(statements)):
        return True
    return None if any(statement.locks is None for statement in statements) else False


def locks_of(statements: Sequence[PlannedStatement]) -> list[TableLock]:
    return [lock for statement in statements for lock in statement.locks or ()]
