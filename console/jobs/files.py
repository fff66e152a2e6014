"""Files that jobs make: their bytes, in parts, kept for some days."""

from datetime import datetime
from typing import Any, Final

import msgspec

from console.clicks.log_address import NAMING
from console.jobs.failures import JobFailed
from console.jobs.table import FILE_KINDS, OWN
from storage.read.queries import QUERY_S, Reader

KEPT_DAYS: Final = 7
MOST: Final = 10
"""So many files somebody may have, those that are not made yet included."""
PART: Final = 512 * 1024
MEGABYTE: Final = 1_000_000
TOTAL: Final = "(SELECT coalesce(sum(length(data)), 0) FROM job_files)"
"""The size of a part is in its header: nothing is decompressed for it."""
ADD: Final = f"""
    INSERT INTO job_files (job_id, part, data) SELECT $1, $2, $3::bytea WHERE {TOTAL} + length($3::bytea) <= $4::bigint
    RETURNING part
"""
SPACE: Final = f"""
    SELECT {TOTAL}::bigint, (SELECT min(kept_until) FROM jobs WHERE kept_until > clock_timestamp())
"""  # noqa: S608 - parts of our own
KEEP: Final = f"""
    UPDATE jobs SET file_name = $2, kept_until = clock_timestamp() + interval '{KEPT_DAYS} days' WHERE job_id = $1
"""  # noqa: S608 - a number of ours
MAY_HAVE_ERASED: Final = """(
        EXISTS (SELECT FROM erased_clicks WHERE erased_at > jobs.started_at)
        OR EXISTS (SELECT FROM erasures WHERE ended_at > jobs.started_at)
    )"""
"""A file that began before an erasure ended may have what that erased: a transaction notes it before it is seen."""
READ: Final = "SELECT data FROM job_files WHERE job_id = $1 AND part = $2"
FIND: Final = f"""
    SELECT file_name, (SELECT sum(length(data)) FROM job_files WHERE job_files.job_id = jobs.job_id) AS size
    FROM jobs WHERE job_id = $1 AND state = 'done' AND kept_until > clock_timestamp()
        AND {OWN}
        AND NOT {MAY_HAVE_ERASED}
"""  # noqa: S608 - parts of our own
COUNT: Final = """
    SELECT count(*) FROM jobs WHERE actor_kind IN ('user', 'key') AND actor_id = $1 AND kind = ANY ($2)
        AND (state IN ('waiting', 'running') OR kept_until > clock_timestamp())
"""
LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('clickrail files of ' || $1, 0))"
DELETE: Final = f"""
    UPDATE jobs SET kept_until = NULL WHERE job_id = $1 AND kept_until IS NOT NULL
        AND {OWN} RETURNING file_name
"""  # noqa: S608 - parts of our own
EXPIRE: Final = f"""
    UPDATE jobs SET kept_until = NULL
    WHERE kept_until < clock_timestamp() OR (kept_until IS NOT NULL AND {MAY_HAVE_ERASED})
"""  # noqa: S608 - parts of our own
FORGET: Final = f"""
    UPDATE jobs SET parameters = '{{"query": ""}}' WHERE kind = ANY ($1) AND kept_until IS NULL
        AND state NOT IN ('waiting', 'running') AND parameters ->> 'query' ~ '(^|&)({"|".join(NAMING)})=.'
"""  # noqa: S608 - names of ours
"""The query of a file that is gone may name somebody who was erased."""
DROP: Final = "DELETE FROM job_files WHERE job_id = $1"
REMOVE: Final = """
    DELETE FROM job_files USING jobs WHERE job_files.job_id = jobs.job_id AND jobs.kept_until IS NULL
        AND jobs.state NOT IN ('waiting', 'running')
"""


class File(msgspec.Struct, frozen=True):
    """A file that can be downloaded: its name, and its size in bytes."""

    name: str
    size: int


class FileSpace(msgspec.Struct, frozen=True):
    """The bytes of all files together, those that are being made included, and when the next file ends."""

    total: int
    next_end: datetime | None

    @property
    def megabytes(self) -> float:
        return self.total / MEGABYTE


class FileWriter:
    """Writes the file of a job, part by part. Without `keep` the file is removed when the job has ended.

    Raises JobFailed when all files together would have more than `most_bytes`.
    """

    def __init__(self, connection: Any, job_id: int, most_bytes: int) -> None:
        self._connection = connection
        self._job_id = job_id
        self._most_bytes = most_bytes
        self._parts = 0
        self._waiting = bytearray()

    async def write(self, data: bytes) -> None:
        self._waiting += data
        if len(self._waiting) >= PART:
            await self._flush()

    async def keep(self, name: str) -> None:
        """End the file, give it its name, and keep it for KEPT_DAYS."""
        await self._flush()
        await self._connection.execute(KEEP, self._job_id, name)

    async def _flush(self) -> None:
        values = (self._job_id, self._parts, bytes(self._waiting), self._most_bytes)
        if await self._connection.fetchval(ADD, *values) is None:
            await self._connection.execute(DROP, self._job_id)
            raise JobFailed(
                f"The files of jobs may take {self._most_bytes // MEGABYTE:,} MB together (CLICKRAIL_CONSOLE_FILES_MB),"
                " and this one has no room: ask for less, or delete others first."
            )
        self._parts += 1
        self._waiting.clear()


async def find_file(reader: Reader, job_id: int, owner: str | None) -> File | None:
    """Return a job's file; null if there is none, or if it is not of the user `owner`."""
    row = await reader.fetchrow(FIND, job_id, owner, timeout=QUERY_S)
    return None if row is None else File(row["file_name"], int(row["size"] or 0))


async def read_part(reader: Reader, job_id: int, part: int) -> bytes | None:
    data: bytes | None = await reader.fetchval(READ, job_id, part, timeout=QUERY_S)
    return data


async def read_space(reader: Reader) -> FileSpace:
    return FileSpace(*await reader.fetchrow(SPACE, timeout=QUERY_S))


async def count_files(connection: Any, user_id: str) -> int:
    """Count somebody's files. Until the end of the transaction nobody else counts them, to add one."""
    await connection.execute(LOCK, user_id)
    found: int = await connection.fetchval(COUNT, user_id, list(FILE_KINDS))
    return found


async def delete_file(connection: Any, job_id: int, owner: str | None) -> str | None:
    """Delete a file, in the open transaction; return its name, or null if there is none."""
    name: str | None = await connection.fetchval(DELETE, job_id, owner)
    if name is not None:
        await connection.execute(DROP, job_id)
    return name


async def remove_old_files(connection: Any) -> None:
    """Remove files whose time is over, those of jobs that failed, and those that may have what was erased."""
    await connection.execute(EXPIRE)
    await connection.execute(FORGET, list(FILE_KINDS))
    await connection.execute(REMOVE)
