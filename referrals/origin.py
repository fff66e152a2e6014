"""Which database the referrals are in, and at which version they are."""

from typing import Final

import asyncpg
import msgspec

from runtime.postgres import PostgresAway

NOT_RESTORED: Final = "referral_version has no row: is the database being restored?"

# The installation: its id and a hash of what changes when its tables are restored into another server
# (system_identifier), to a point in time (timeline), into another database or as new tables (oids). A role without
# permission for the pg_control functions uses the other parts only.
READ_ORIGIN: Final = """
    SELECT installation::text || '/' || left(md5(concat_ws('/',
        CASE WHEN has_function_privilege('pg_control_system()', 'EXECUTE')
            THEN (SELECT system_identifier FROM pg_control_system()) END,
        CASE WHEN has_function_privilege('pg_control_checkpoint()', 'EXECUTE')
            THEN (SELECT timeline_id FROM pg_control_checkpoint()) END,
        (SELECT oid FROM pg_database WHERE datname = current_database()),
        'referral_version'::regclass::oid)), 12), version
    FROM referral_version
"""


class Origin(msgspec.Struct, frozen=True):
    """A database of referrals, and its version."""

    installation: str
    version: int


async def read_origin(connection: asyncpg.Connection) -> Origin:
    """Read the origin. Raises asyncpg's errors, and PostgresAway for tables whose rows are yet to be restored."""
    row = await connection.fetchrow(READ_ORIGIN)
    if row is None:
        raise PostgresAway(NOT_RESTORED)
    return Origin(*row)
