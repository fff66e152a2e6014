"""`/api/v1/jobs`: long work and how far it is; files of clicks or of a report, which are asked for and downloaded."""

from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web
from multidict import MultiDict

from console.api.answers import answer_json
from console.api.endpoints import Endpoint, Parameter
from console.api.requests import BadRequest, read_body
from console.auth.sessions import SESSION
from console.clicks.log_address import read_log
from console.environment import ENVIRONMENT, Environment
from console.jobs.downloads import send_file
from console.jobs.file_requests import Refused, ask_for_file
from console.jobs.table import FILE_KINDS, FileKind, Job, Kind, State, find_job, find_owner, list_page
from console.reports.request import read_request
from console.web.numbers import read_whole

CREATED: Final = 201
MOST: Final = 200
USUAL: Final = 50
LAST_JOB: Final = 10**15


class NewFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file to make: of the clicks, or of the report, that the query of a page describes."""

    kind: FileKind
    query: str = ""


class JobFile(msgspec.Struct, frozen=True):
    """A file that can be downloaded until it is deleted at `kept_until`."""

    name: str
    bytes: int
    kept_until: datetime


class JobFound(msgspec.Struct, frozen=True, kw_only=True):
    """A job. `progress` of `total`, null if nobody knows; `query` is that of a file, else null."""

    job_id: int
    kind: Kind
    state: State
    query: str | None
    progress: int
    total: int | None
    result: str | None
    problem: str | None
    asked_by: str
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    file: JobFile | None


class Jobs(msgspec.Struct, frozen=True):
    """A page, newest first. `next` is the `before` of the page that goes on; null: there is nothing older."""

    jobs: list[JobFound]
    next: int | None


async def show_list(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    if unknown := sorted(set(request.query) - {"before", "limit"}):
        raise BadRequest(f"there is no parameter {unknown[0]}: there are before, limit", "bad_question")
    before = read_parameter(request, "before", LAST_JOB, LAST_JOB)
    limit = read_parameter(request, "limit", USUAL, MOST)
    owner = find_owner(request[SESSION])
    found = await environment.database.read(lambda reader: list_page(reader, owner, before, limit + 1))
    jobs = [describe(job) for job in found[:limit]]
    return answer_json(Jobs(jobs, jobs[-1].job_id if len(found) > limit else None))


def read_parameter(request: web.Request, name: str, usual: int, most: int) -> int:
    """Read a whole number from 1 on. Raises BadRequest."""
    number = read_whole(request.query.get(name, str(usual)), 1, most)
    if number is None:
        raise BadRequest(f"{name} must be a whole number from 1 to {most:,}", "bad_question")
    return number


async def show_one(request: web.Request) -> web.Response:
    return answer_json(await find(request, read_job_id(request)))


async def find(request: web.Request, job_id: int) -> JobFound:
    """Find a job that the session may see. Raises BadRequest."""
    environment: Environment = request.app[ENVIRONMENT]
    owner = find_owner(request[SESSION])
    job: Job | None = await environment.database.read(lambda reader: find_job(reader, job_id, owner))
    if job is None:
        raise BadRequest(f"there is no job {job_id}", "unknown_job", 404)
    return describe(job)


def describe(job: Job) -> JobFound:
    """Give what programs may know of a job: not whom an erasure names."""
    shared = [name for name in JobFound.__struct_fields__ if name not in ("query", "file")]
    file = None
    if job.kept_until is not None and job.file_name is not None:
        file = JobFile(job.file_name, job.file_bytes or 0, job.kept_until)
    query = job.parameters.get("query") if job.kind in FILE_KINDS else None
    return JobFound(**{name: getattr(job, name) for name in shared}, query=query, file=file)


def read_job_id(request: web.Request) -> int:
    """Read the number in the address. Raises BadRequest."""
    text = request.match_info["job_id"]
    number = read_whole(text, 1, LAST_JOB)
    if number is None:
        raise BadRequest(f"there is no job {text}", "unknown_job", 404)
    return number


async def add_file(request: web.Request) -> web.Response:
    """Ask for a file. What a page would leave out of its query is refused: a program gets what it asks for."""
    new = await read_body(request, NewFile)
    query: MultiDict[str] = MultiDict(parse_qsl(new.query, keep_blank_values=True))
    ignored = read_log(query)[1] if new.kind == "clicks_file" else read_request(query)[1]
    if ignored:
        raise BadRequest(f"{ignored[0].name}={ignored[0].value}: {ignored[0].why}", "bad_question")
    asked = await ask_for_file(request.app[ENVIRONMENT], request[SESSION], new.kind, new.query)
    if isinstance(asked, Refused):
        raise BadRequest(asked.reason, "refused", 422)
    return answer_json(await find(request, asked), CREATED)


async def download(request: web.Request) -> web.StreamResponse:
    job_id = read_job_id(request)
    response = await send_file(request, job_id)
    if response is None:
        raise BadRequest(f"job {job_id} has no file, or not yet, or no longer", "no_file", 404)
    return response


def describe_endpoint(method: str, path: str, name: str, summary: str, **more: Any) -> Endpoint:
    return Endpoint(method=method, path=f"/jobs{path}", name=name, summary=summary, **more)


JOBS: Final = (
    describe_endpoint(
        "GET",
        "",
        "listJobs",
        "List the jobs of the key or user, or with `operate` everybody's, newest first",
        handler=show_list,
        answer=Jobs,
        parameters=(
            Parameter("before", "only jobs before this one: `next` of the page before", schema={"type": "integer"}),
            Parameter("limit", "rows of a page", schema={"type": "integer", "minimum": 1, "maximum": MOST}),
        ),
        statuses=(400,),
    ),
    describe_endpoint(
        "POST",
        "",
        "addFile",
        "Ask for a CSV file, which a job makes",
        handler=add_file,
        answer=JobFound,
        body=NewFile,
        status=CREATED,
        statuses=(400, 413, 415, 422),
    ),
    describe_endpoint(
        "GET", "/{job_id}", "findJob", "Find a job by its number", handler=show_one, answer=JobFound, statuses=(404,)
    ),
    describe_endpoint(
        "GET",
        "/{job_id}/file",
        "downloadFile",
        "Download the file that a job has made",
        handler=download,
        answer=str,
        content="text/csv",
        statuses=(404,),
    ),
)
