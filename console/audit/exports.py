"""Notes in the audit log what leaves the console as a file."""

from aiohttp import hdrs, web

from console.audit.log import AuditEntry, actor_of
from console.auth.sessions import SESSION
from console.clicks.log_address import hide_visitors
from console.environment import ENVIRONMENT, Environment


async def note_export(request: web.Request, name: str) -> None:
    """Write that a file of this name is sent, and its query. Raises DependencyAway: then none is sent."""
    if request.method == hdrs.METH_HEAD:
        return
    environment: Environment = request.app[ENVIRONMENT]
    query = hide_visitors(request.query_string)
    after = {"query": query} if query else None
    entry = AuditEntry(environment.now(), actor_of(request[SESSION]), "export", f"file {name}", after=after)
    await environment.login.accounts.write_entry(entry)
