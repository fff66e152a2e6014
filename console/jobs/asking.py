"""Requests for the files of jobs: asked for, downloaded, deleted."""

from typing import Any, Final

from aiohttp import web

from console.audit.log import AuditEntry, actor_of, write_audit
from console.auth.sessions import SESSION
from console.environment import ENVIRONMENT, Environment
from console.jobs.downloads import send_file
from console.jobs.file_requests import Refused, ask_for_file
from console.jobs.files import delete_file
from console.jobs.handlers import go_to_jobs, read_job_id
from console.jobs.table import FILE_KINDS, find_owner
from console.web.forms import read_form
from console.web.responses import reply_with_error

NOT_ASKED: Final = "This file was not asked for"


async def post_file(request: web.Request) -> web.Response:
    """Ask for a file: of the clicks or the report that a query describes."""
    environment: Environment = request.app[ENVIRONMENT]
    session = request[SESSION]
    form = await read_form(request)
    query = form.get("query", "")
    kind = next((one for one in FILE_KINDS if one == form.get("kind")), None)
    if kind is None:
        return reply_with_error(request, 422, NOT_ASKED, "There is no such file.")
    asked = await ask_for_file(environment, session, kind, query)
    return (
        reply_with_error(request, 422, NOT_ASKED, asked.reason)
        if isinstance(asked, Refused)
        else go_to_jobs(environment)
    )


async def download_file(request: web.Request) -> web.StreamResponse:
    """Send a file that a job has made."""
    response = await send_file(request, read_job_id(request))
    if response is None:
        raise web.HTTPNotFound
    return response


async def post_deletion(request: web.Request) -> web.Response:
    """Delete a file before its time."""
    environment: Environment = request.app[ENVIRONMENT]
    session, job_id = request[SESSION], read_job_id(request)

    async def change(connection: Any) -> None:
        async with connection.transaction():
            if name := await delete_file(connection, job_id, find_owner(session)):
                entry = AuditEntry(environment.now(), actor_of(session), "file.delete", f"file {name}")
                await write_audit(connection, entry)

    await environment.accounts.write(change)
    return go_to_jobs(environment)
