"""Acknowledges clicks that are lost for good, so that the alarm tells of other ones."""

from datetime import datetime
from typing import Any, Final

from aiohttp import hdrs, web

from console.audit.log import AuditEntry, actor_of, write_audit
from console.auth.sessions import SESSION
from console.environment import ENVIRONMENT, Environment
from console.view.filters import is_storable
from console.web.forms import read_form
from console.web.numbers import read_whole
from console.web.responses import reply, reply_with_error
from runtime.errors import DependencyAway
from storage.ledger.acknowledging import LONGEST_REASON, acknowledge, list_losses
from storage.read.ledger import HoleReport, read_holes

LAST: Final = 10**15
MOST: Final = 20_000
"""So many holes are acknowledged at once; a page shows fewer."""
LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('clickrail losses of ' || current_schema(), 0))"
"""Of two people who acknowledge the same, one is told that it is done."""
NAMED: Final = 50
"""So many holes the audit log names."""
NOT_DONE: Final = "Nothing was acknowledged"


async def show_losses(request: web.Request) -> web.Response:
    """Show what is missing, and a form to acknowledge it. It is not refreshed while somebody writes."""
    environment: Environment = request.app[ENVIRONMENT]
    losses = await environment.database.read(list_losses)
    return reply(request, "pipeline/losses.html", ledger=environment.pipeline.ledger.report, losses=losses)


async def post_losses(request: web.Request) -> web.Response:
    """Acknowledge the missing clicks that the page showed. The form says how many there were."""
    environment: Environment = request.app[ENVIRONMENT]
    form = await read_form(request)
    shown, reason = read_whole(form.get("clicks", ""), 1, LAST), form.get("reason", "").strip()
    if not 1 <= len(reason) <= LONGEST_REASON or not is_storable(reason):
        return reply_with_error(request, 422, NOT_DONE, f"Say why they are lost, in 1 to {LONGEST_REASON} characters.")
    limit = environment.pipeline.ledger.report
    if limit is None:
        raise DependencyAway("The ledger has not been read yet")
    if not await environment.accounts.write(lambda connection: change(request, connection, limit.until, shown, reason)):
        advice = "Other clicks are missing now than the page showed: go back, reload it, and look again."
        return reply_with_error(request, 409, NOT_DONE, advice)
    await environment.pipeline.ledger.look()
    return web.Response(status=303, headers={hdrs.LOCATION: environment.base.address("/pipeline#ledger")})


async def change(request: web.Request, connection: Any, until: datetime, shown: int | None, reason: str) -> bool:
    """Acknowledge what is missing, with its entry in the audit log; false if it is not what was shown."""
    environment: Environment = request.app[ENVIRONMENT]
    now, actor = environment.now(), actor_of(request[SESSION])
    async with connection.transaction():
        await connection.execute(LOCK)
        found = await read_holes(connection, now, until, MOST)
        if found.missing != shown:
            return False
        await acknowledge(connection, found, actor.name[:200], reason, now)
        after = {"reason": reason, "clicks": sum(hole.clicks for hole in found.holes), "holes": describe(found)}
        entry = AuditEntry(now, actor, "ledger.acknowledge", f"{found.missing} missing clicks", after=after)
        await write_audit(connection, entry)
    return True


def describe(found: HoleReport) -> list[str]:
    return [f"{hole.minute:%Y-%m-%dT%H:%MZ} {hole.process} {hole.first}-{hole.last}" for hole in found.holes[:NAMED]]
