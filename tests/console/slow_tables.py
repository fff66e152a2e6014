"""Tables that are slow to read, as a month of data is where no index helps, but by as much each time."""

import asyncpg

ROW_S = 0.12


async def slow_down(tables: asyncpg.Connection) -> None:
    """Make each row of `clicks` and `rejected_clicks` take ROW_S to look at, and leave the indexes by time alone."""
    # Of conditions PostgreSQL tries the cheapest first: a row that does not match is to cost as much.
    await tables.execute(
        "CREATE FUNCTION is_read() RETURNS boolean LANGUAGE plpgsql VOLATILE COST 0.0001"
        f" AS 'BEGIN PERFORM pg_sleep({ROW_S}); RETURN true; END'"
    )
    for table, time in (("clicks", "clicked_at"), ("rejected_clicks", "rejected_at")):
        for index in await tables.fetch(
            "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() AND tablename = $1"
            " AND indexname NOT IN ($1 || '_pkey', $1 || '_' || $2)",
            table,
            time,
        ):
            await tables.execute(f"DROP INDEX {index[0]}")
        await tables.execute(f"ALTER TABLE {table} RENAME TO quick_{table}")
        await tables.execute(f"CREATE VIEW {table} AS SELECT * FROM quick_{table} WHERE is_read()")
