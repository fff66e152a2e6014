"""Sends the files that jobs have made."""

from functools import partial

from aiohttp import hdrs, web

from console.audit.exports import note_export
from console.auth.sessions import SESSION
from console.environment import ENVIRONMENT, Environment
from console.jobs.files import find_file, read_part
from console.jobs.table import find_owner
from runtime.errors import DependencyAway


async def send_file(request: web.Request, job_id: int) -> web.StreamResponse | None:
    """Send a file, and note that it left; null if there is none that the session may have. Raises DatabaseAway."""
    environment: Environment = request.app[ENVIRONMENT]
    owner = find_owner(request[SESSION])
    file = await environment.database.read(lambda reader: find_file(reader, job_id, owner))
    if file is None:
        return None
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
