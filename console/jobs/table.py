"""The table of jobs: asked for, claimed, followed, ended."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, get_args

import msgspec

from console.audit.log import Actor
from console.auth.roles import may
from console.auth.users import Session
from storage.read.queries import QUERY_S, Reader

FileKind = Literal["clicks_file", "report_file"]
Kind = Literal["replay", "erasure_plan", "erasure"] | FileKind
State = Literal["waiting", "running", "done", "failed", "cancelled"]
FILE_KINDS: Final[tuple[FileKind, ...]] = get_args(FileKind)
SHOWN: Final = 50
COLUMNS: Final = """
    job_id, kind, asked_by, parameters::text AS parameters, state, progress, total, result, problem, is_cancelled,
    asked_at, started_at, ended_at, file_name, kept_until
"""
ADD: Final = """
    INSERT INTO jobs (kind, asked_by, actor_kind, actor_id, parameters, total)
    VALUES ($1, $2, $3, $4, $5::text::jsonb, $6) RETURNING job_id
"""
OWN: Final = "($2::text IS NULL OR (actor_kind IN ('user', 'key') AND actor_id = $2))"
"""Of the user or API key $2: no key has the id of a user. Null: anybody's."""
LIST: Final = f"""
    SELECT {COLUMNS}, (SELECT sum(length(data)) FROM job_files WHERE job_files.job_id = jobs.job_id) AS file_bytes
    FROM jobs WHERE {OWN} AND (state IN ('waiting', 'running') OR kept_until IS NOT NULL
        OR job_id IN (SELECT job_id FROM jobs WHERE {OWN} ORDER BY job_id DESC LIMIT $1))
    ORDER BY job_id DESC
"""  # noqa: S608 - names of ours
PAGE: Final = f"""
    SELECT {COLUMNS}, (SELECT sum(length(data)) FROM job_files WHERE job_files.job_id = jobs.job_id) AS file_bytes
    FROM jobs WHERE job_id <= $1 AND {OWN} ORDER BY job_id DESC LIMIT $3
"""  # noqa: S608 - names of ours
CLAIM: Final = f"""
    UPDATE jobs SET state = 'running', started_at = clock_timestamp()
    WHERE state = 'waiting' AND job_id = (SELECT min(job_id) FROM jobs WHERE state = 'waiting' AND kind = ANY ($1))
    RETURNING {COLUMNS}
"""  # noqa: S608 - names of ours
ORPHANS: Final = """
    UPDATE jobs SET state = 'failed', ended_at = clock_timestamp(), kept_until = NULL,
        problem = 'The console that ran this job stopped. Start it again: nothing is done twice.'
    WHERE state = 'running' AND kind = ANY ($1)
"""
PROGRESS: Final = "UPDATE jobs SET progress = $2 WHERE job_id = $1 AND state = 'running' RETURNING is_cancelled"
END: Final = """
    UPDATE jobs SET state = $2, result = $3, problem = $4, ended_at = clock_timestamp(),
        parameters = CASE WHEN $5::boolean THEN '{}' ELSE parameters END
    WHERE job_id = $1 AND state = 'running'
"""
CANCEL: Final = f"""
    UPDATE jobs SET is_cancelled = true, state = CASE WHEN state = 'waiting' THEN 'cancelled' ELSE state END,
        ended_at = CASE WHEN state = 'waiting' THEN clock_timestamp() END
    WHERE job_id = $1 AND (state = 'waiting' OR (state = 'running' AND kind <> 'erasure'))
        AND {OWN} RETURNING kind
"""  # noqa: S608 - names of ours
"""An erasure that runs goes on to its end: half of one would leave a visitor known."""
FORGET_PLANS: Final = "UPDATE jobs SET parameters = '{}' WHERE kind = 'erasure_plan' AND parameters @> $1::text::jsonb"
FORGET_OLD: Final = """
    UPDATE jobs SET parameters = '{}' WHERE parameters <> '{}' AND state NOT IN ('waiting', 'running')
        AND (kind = 'erasure' OR (kind = 'erasure_plan' AND ended_at < clock_timestamp() - interval '1 day'))
"""
"""Nobody continues these: an erasure that was interrupted has a list of its own, and a plan counts for a day."""

PLANNED: Final = """
    SELECT EXISTS (SELECT FROM jobs WHERE kind = 'erasure_plan' AND state = 'done' AND parameters @> $1::text::jsonb
        AND ended_at > clock_timestamp() - interval '1 day')
"""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job. `progress` of `total`, which is null if nobody knows; `result` and `problem` are for people.

    `file_name` is that of the file that it made, which is deleted after `kept_until`; null: it is deleted already.
    """

    job_id: int
    kind: Kind
    asked_by: str
    parameters: Mapping[str, Any]
    state: State
    progress: int
    total: int | None
    result: str | None
    problem: str | None
    is_cancelled: bool
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    file_name: str | None = None
    kept_until: datetime | None = None
    file_bytes: int | None = None

    @property
    def is_open(self) -> bool:
        return self.state in ("waiting", "running")

    @property
    def can_be_cancelled(self) -> bool:
        return self.is_open and not self.is_cancelled and (self.state, self.kind) != ("running", "erasure")


def read_job(row: Any) -> Job:
    return Job(**dict(row) | {"parameters": msgspec.json.decode(row["parameters"])})


async def add_job(
    connection: Any, kind: Kind, actor: Actor, parameters: Mapping[str, Any], total: int | None = None
) -> int:
    """Ask for a job, in the transaction of its entry in the audit log; give its number."""
    text = msgspec.json.encode(parameters).decode()
    number: int = await connection.fetchval(ADD, kind, actor.name[:200], actor.kind, actor.id, text, total)
    return number


def find_owner(session: Session) -> str | None:
    """Return whose jobs somebody may see, cancel and download; null: everybody's."""
    return None if may(session.role, "operate") else session.user.id


async def list_jobs(connection: Any, owner: str | None = None) -> Sequence[Job]:
    """List the jobs of a user, or of all, the newest first: those that are open or have a file, and the newest."""
    return [read_job(row) for row in await connection.fetch(LIST, SHOWN, owner)]


async def list_page(reader: Reader, owner: str | None, before: int, limit: int) -> Sequence[Job]:
    """List the jobs of a user or key, or of all, with numbers below `before`, the newest first."""
    return [read_job(row) for row in await reader.fetch(PAGE, before - 1, owner, limit, timeout=QUERY_S)]


async def find_job(reader: Reader, job_id: int, owner: str | None) -> Job | None:
    """Find a job; null if there is none, or if it is not of the user or key `owner`."""
    found = await list_page(reader, owner, job_id + 1, 1)
    return found[0] if found and found[0].job_id == job_id else None


async def cancel_job(connection: Any, job_id: int, owner: str | None = None) -> str | None:
    """Cancel a job: one that runs ends after its current step. Give its kind; null if it cannot be cancelled."""
    kind: str | None = await connection.fetchval(CANCEL, job_id, owner)
    return kind


async def is_planned(connection: Any, parameters: Mapping[str, Any]) -> bool:
    """Tell whether an erasure of this was planned during the last day."""
    found: bool = await connection.fetchval(PLANNED, msgspec.json.encode(parameters).decode())
    return found


async def forget_plans(connection: Any, job: Job) -> None:
    """Forget what plans name that an erasure has erased."""
    what = {name: job.parameters[name] for name in ("asked", "value")}
    await connection.execute(FORGET_PLANS, msgspec.json.encode(what).decode())
