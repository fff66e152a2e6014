"""Request handlers of the jobs."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from aiohttp import hdrs, web

from console.audit.log import AuditEntry, actor_of, write_audit
from console.auth.sessions import SESSION
from console.clicks.why_missing import read_id
from console.environment import ENVIRONMENT, Environment
from console.jobs.files import KEPT_DAYS, read_space
from console.jobs.kinds import ASKED
from console.jobs.table import Kind, add_job, cancel_job, find_owner, is_planned, list_jobs
from console.web.forms import read_form
from console.web.numbers import read_whole
from console.web.responses import reply
from storage.erasure.request import ErasureRequest
from storage.read.pipeline import read_pipeline
from storage.read.removals import list_removals
from storage.status import read_status

LONGEST_WHY: Final = 500
LAST_JOB: Final = 10**15
NOTHING_GIVEN: Final = {"asked": "click", "value": "", "why": ""}


async def show_jobs(request: web.Request) -> web.Response:
    return await reply_page(request)


async def reply_page(
    request: web.Request, status: int = 200, fault: str = "", given: Mapping[str, str] = NOTHING_GIVEN
) -> web.Response:
    """Show the page; `fault` is what is wrong with an erasure that was asked for, as it was `given`."""
    environment: Environment = request.app[ENVIRONMENT]
    now = environment.now()

    async def query(connection: Any) -> dict[str, Any]:
        return {
            "state": await read_pipeline(connection, now),
            "storage": await read_status(connection, now.date()),
            "removals": await list_removals(connection),
            "space": await read_space(connection),
            "files_mb": environment.settings.files_mb,
        }

    shown = await read_jobs(request) | await environment.database.read(query)
    return reply(request, "jobs/page.html", status, **shown, kept_days=KEPT_DAYS, fault=fault, given=given)


async def show_jobs_part(request: web.Request) -> web.Response:
    response = reply(request, "jobs/part.html", **await read_jobs(request))
    response.headers[hdrs.VARY] = "HX-Request"
    return response


async def read_jobs(request: web.Request) -> dict[str, Any]:
    environment: Environment = request.app[ENVIRONMENT]
    owner = find_owner(request[SESSION])
    return {"jobs": await environment.database.read(lambda connection: list_jobs(connection, owner))}


def read_job_id(request: web.Request) -> int:
    """Read the number in the address. Raises HTTPNotFound."""
    number = read_whole(request.match_info["job_id"], 1, LAST_JOB)
    if number is None:
        raise web.HTTPNotFound
    return number


async def post_cancel(request: web.Request) -> web.Response:
    """Cancel a job."""
    environment: Environment = request.app[ENVIRONMENT]
    job_id, owner = read_job_id(request), find_owner(request[SESSION])
    actor = actor_of(request[SESSION])

    async def change(connection: Any) -> None:
        async with connection.transaction():
            if kind := await cancel_job(connection, job_id, owner):
                entry = AuditEntry(environment.now(), actor, "job.cancel", f"job {job_id}", after={"kind": kind})
                await write_audit(connection, entry)

    await environment.accounts.write(change)
    return go_to_jobs(environment)


async def post_erasure(request: web.Request) -> web.Response:
    """Ask for an erasure: its plan, unless the form says that it is meant."""
    environment: Environment = request.app[ENVIRONMENT]
    form = await read_form(request)
    asked = read_request(form.get("asked", ""), form.get("value", ""), form.get("why", ""))
    if not isinstance(asked, str) and form.get("really") == "yes":
        what = {"asked": asked.asked, "value": asked.value}
        if not await environment.database.read(lambda connection: is_planned(connection, what)):
            asked = "Plan it first, and read what would be erased: then erase."
    if isinstance(asked, str):
        return await reply_page(request, 422, asked, {**NOTHING_GIVEN, **form})
    kind: Kind = "erasure" if form.get("really") == "yes" else "erasure_plan"
    actor = actor_of(request[SESSION])

    async def change(connection: Any) -> None:
        async with connection.transaction():
            number = await add_job(connection, kind, actor, msgspec.structs.asdict(asked))
            # The log is kept for good: it says that something was erased, and not what.
            after = {"kind": kind, "asked": asked.asked}
            await write_audit(
                connection, AuditEntry(environment.now(), actor, "erasure.ask", f"job {number}", after=after)
            )

    await environment.accounts.write(change)
    return go_to_jobs(environment)


def read_request(asked: str, value: str, why: str) -> ErasureRequest | str:
    """Read what to erase; a text says what is wrong."""
    if asked not in ASKED:
        return "Choose what to erase: a click, a visitor, or an ip_hash."
    if len(why) > LONGEST_WHY:
        return f"The reason is longer than {LONGEST_WHY} characters."
    if asked == "ip_hash":
        return ErasureRequest("ip_hash", value.strip().lower(), why) if value.strip() else "Give the ip_hash."
    click_id = read_id(value)
    if click_id is None:
        return "This is no click id: it has 26 letters and digits."
    return ErasureRequest("click" if asked == "click" else "visitor", click_id, why)


def go_to_jobs(environment: Environment) -> web.Response:
    return web.Response(status=303, headers={hdrs.LOCATION: environment.base.address("/jobs")})
