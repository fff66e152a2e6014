"""`clickrail migrate --plan` for people: the files in their order, their statements, and who waits for what."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from cli.storage import write_size

if TYPE_CHECKING:
    from runtime.migration_locks import TableLock
    from runtime.migration_plan import MigrationPlan, PlannedFile, PlannedStatement, TableSize, Wait

WIDTH: Final = 100


def describe_plan(plan: "MigrationPlan") -> Iterator[str]:
    """Yield the lines of a plan."""
    if not plan.is_pending:
        yield "The tables are up to date: nothing is pending."
    else:
        pending = f"{len(plan.files)} migration{'' if len(plan.files) == 1 else 's'}"
        yield f"Pending, in this order: {pending}. This was a look: nothing has been changed."
    if plan.creates_timescaledb:
        yield "\ncreate the extension timescaledb"
    for file in plan.files:
        yield from describe_file(file, plan)
    for name in plan.skipped:
        yield f"\n{name}\n  is skipped: it is for another engine"
    if plan.files:
        yield "\nAt the end: coming days of clicks, the analysts' views and comments. Nobody's writes wait for these."


def describe_file(file: "PlannedFile", plan: "MigrationPlan") -> Iterator[str]:
    how = "in one transaction" if file.in_transaction else "statement by statement, without a transaction"
    yield f"\n{file.name}, {how}"
    if not file.waits:
        yield "  no write waits" + (
            ", as far as can be told" if any(one.locks is None for one in file.statements) else ""
        )
    for wait in file.waits:
        yield f"  {describe_wait(wait, plan.tables[wait.table])}"
    for number, statement in enumerate(file.statements, start=1):
        yield f"  {number:>3}  {shorten(statement.sql)}"
        yield from (f"       {line}" for line in describe_locks(statement))


def describe_wait(wait: "Wait", size: "TableSize") -> str:
    who = "reads and writes wait" if wait.reads_too else "writes wait"
    match wait.is_long:
        case True:
            how_long = "WHILE ROWS ARE READ OR AN INDEX IS BUILT"
        case False:
            how_long = "for a moment"
        case None:
            how_long = "how long cannot be told: read the file"
    return f"{wait.table} (about {size.rows:,} rows, {write_size(size.bytes)}): {who}, {how_long}"


def describe_locks(statement: "PlannedStatement") -> Iterator[str]:
    if statement.locks is None:
        yield "its locks cannot be told: read the file"
    for lock in statement.locks or ():
        yield f"{lock.mode} on {lock.table}{describe_work(lock)}"


def describe_work(lock: "TableLock") -> str:
    return ", and reads its rows" if lock.reads_rows else ""


def shorten(sql: str) -> str:
    return sql if len(sql) <= WIDTH else f"{sql[: WIDTH - 3]}..."
