"""Asks for files as jobs, sends those that are made, and deletes them."""

from functools import partial
from typing import Any, Final

from aiohttp import hdrs, web

from console.audit.exports import note_export
from console.audit.log import AuditEntry, actor_of, write_audit
from console.auth.sessions import SESSION
from console.environment import ENVIRONMENT, Environment
from console.jobs.file_requests import Refused, ask_for_file
from console.jobs.files import delete_file, find_file, read_part
from console.jobs.handlers import go_to_jobs, read_job_id
from console.jobs.table import FILE_KINDS, find_owner
from console.web.forms import read_form
from console.web.responses import reply_with_error
from runtime.errors import DependencyAway

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
    environment: Environment = request.app[ENVIRONMENT]
    job_id, owner = read_job_id(request), find_owner(request[SESSION])
    file = await environment.database.read(lambda reader: find_file(reader, job_id, owner))
    if file is None:
        raise web.HTTPNotFound
    await note_export(request, file.name)
    response = web.StreamResponse(
        headers={
            hdrs.CONTENT_TYPE: "text/csv; charset=utf-8",
            hdrs.CONTENT_DISPOSITION: f'attachment; filename="{file.name}"',
            hdrs.CONTENT_LENGTH: str(file.size),
            hdrs.CACHE_CONTROL: "no-store",
        }
    )
    await response.prepare(request)
    is_whole = request.method == hdrs.METH_HEAD or await send_parts(environment, job_id, response) == file.size
    if not is_whole and request.transport is not None:
        # Less came than was promised: the browser says that the download failed.
        request.transport.abort()
    return response


async def send_parts(environment: Environment, job_id: int, response: web.StreamResponse) -> int:
    """Send the parts of a file, one by one, so that a slow reader holds no connection to PostgreSQL; give their size.

    They end before the file does if it is deleted meanwhile, or if PostgreSQL goes away.
    """
    number = sent = 0
    while True:
        try:
            part = await environment.database.read(partial(read_part, job_id=job_id, part=number))
        except DependencyAway:
            return sent
        if part is None:
            return sent
        await response.write(part)
        number, sent = number + 1, sent + len(part)


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
