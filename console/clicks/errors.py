"""The page of errors: rejections by their stable numbers, and the codes that nobody made."""

from typing import Any, Final

from aiohttp import web

from console.clicks.filters import Filters, make_rejection_filters
from console.clicks.lines import make_rejection_line
from console.clicks.log_address import LIVE
from console.clicks.picks import Picks
from console.clicks.reason_counts import count_reasons
from console.clicks.rejection_reasons import group_reasons
from console.clicks.unknown_codes import read_unknown_codes
from console.environment import ENVIRONMENT, Environment
from console.view.view import IgnoredParameter, View
from console.web.responses import reply
from schemas.reasons import REASONS, TRACES
from storage.read.letters import recent_letters
from storage.read.queries import Connection, RejectionFilters, recent_rejections

LATEST: Final = 20
LETTERS: Final = 5


async def show_errors(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    asked = request.query.get("reason", "")
    reason = REASONS.get(asked)
    ignored = [IgnoredParameter("reason", asked, "no such reason")] if asked and reason is None else []
    now = environment.now()
    filters = make_rejection_filters(Filters(reason=asked)) if reason else RejectionFilters(visits_only=True)

    async def ask(reader: Connection) -> dict[str, Any]:
        counted = await count_reasons(reader, now)
        return {
            "groups": group_reasons(counted.counts, now),
            "counted_since": counted.reached,
            "lines": [make_rejection_line(stored) for stored in await recent_rejections(reader, filters, LATEST)],
            "letters": await recent_letters(reader, LETTERS),
            "unknown": await read_unknown_codes(reader, now),
        }

    return reply(
        request,
        "clicks/errors.html",
        reason=reason,
        ignored=ignored,
        traces=TRACES,
        picks=Picks(View(range=LIVE, usual=LIVE)),
        anchor=None,
        **await environment.database.read(ask),
    )
