"""The page of the audit log."""

from typing import Any, Final

import msgspec
from aiohttp import web

from console.audit.reading import PAGE, AuditFilters, read_actions, read_audit
from console.environment import ENVIRONMENT, Environment
from console.view.ranges import NAMED
from console.view.today import read_today
from console.view.view import View, read_view, write_view
from console.web.responses import reply
from storage.read.asking.question import locate
from storage.read.queries import Connection

OWN: Final = ("actor", "action", "subject", "before")
RANGES: Final = ("today", "7d", "28d", "91d", "12mo", "all")
DIGITS: Final = 18


async def show_audit(request: web.Request) -> web.Response:
    """Show the newest entries of the range and filters; `before` is the id that a page goes on from."""
    environment: Environment = request.app[ENVIRONMENT]
    view, ignored = read_view(request.query, rest=OWN)
    asked = {name: view.get(name) for name in OWN}
    before = asked["before"]
    number = int(before) if before.isascii() and before.isdigit() and len(before) <= DIGITS else None

    async def read(reader: Connection) -> dict[str, Any]:
        today = await read_today(reader, environment.now())
        span = locate(view.find_range(today), today.zone)
        has_begin = view.range != "all"
        begin, end = (span.begin, span.end) if has_begin else (None, None)
        filters = AuditFilters(asked["actor"], asked["action"], asked["subject"], begin, end, number)
        found = await read_audit(reader, filters)
        return {"lines": found[:PAGE], "has_more": len(found) > PAGE, "actions": await read_actions(reader)}

    found = await environment.database.read(read)
    older = write_view(view, before=str(found["lines"][-1].id)) if found["has_more"] else ""
    return reply(
        request,
        "audit/log.html",
        view=view,
        asked=asked,
        ignored=ignored,
        ranges={name: NAMED[name].title for name in RANGES},
        addresses={name: write_range(view, name) for name in RANGES},
        older=older,
        newest=write_view(view, before=""),
        unfiltered=write_view(view, actor="", action="", subject="", before=""),
        is_filtered=any(asked[name] for name in ("actor", "action", "subject")),
        **found,
    )


def write_range(view: View, name: str) -> str:
    """Write the query of the same page in another range."""
    return write_view(msgspec.structs.replace(view, range=name, days=None), before="")
