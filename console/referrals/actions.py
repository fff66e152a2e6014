"""Pausing, resuming and archiving, one row or many, with the consequences said before."""

from collections.abc import Mapping
from typing import Any, Final, get_args

from aiohttp import web

from console.environment import ENVIRONMENT, Environment
from console.referrals.consequences import describe_consequences
from console.referrals.kinds import CONSEQUENCES, VERBS
from console.referrals.list_query import read_list_query
from console.referrals.pages import go_to, page_of
from console.referrals.saving import MOST_AT_ONCE, change_all, change_status
from console.view.filters import is_storable
from console.web.forms import read_form, read_pairs
from console.web.responses import reply, reply_with_error
from referrals.admin.search import list_ids
from referrals.model import Status

SAID: Final[dict[Status, str]] = {"active": "resumed", "paused": "paused", "archived": "archived"}


async def set_one_status(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    page, id_ = page_of(request), request.match_info["id"]
    status = read_status(await read_form(request))
    if status is None or not is_storable(id_):
        return reply_with_error(request, 400, "This form cannot be read", "Go back, reload the page and try again.")
    done = await change_status(request, page.kind, id_, status)
    if not isinstance(done, bool):
        return reply_with_error(request, 404, f"There is no such {page.one}", "It may have another id.")
    return go_to(environment, f"{page.path}/{id_}?said={SAID[status]}")


async def show_bulk(request: web.Request) -> web.Response:
    """Say what would be changed and ask; with `sure` do it and say what could not be done."""
    environment: Environment = request.app[ENVIRONMENT]
    page = page_of(request)
    pairs = await read_pairs(request)
    sent = dict(reversed(pairs))
    # A button with a state counts, and not what may be typed in the field beside it.
    status = read_status(sent)
    affiliate = sent.get("affiliate_id", "").strip() if status is None and page.kind == "code" else ""
    ids = [value for name, value in pairs if name == "id" and is_storable(value)][:MOST_AT_ONCE]
    query = read_list_query(sent)
    if sent.get("all"):
        wanted = query.wanted(page.kind)
        ids = await environment.database.read(lambda connection: list_ids(connection, page.kind, wanted, MOST_AT_ONCE))
    changes = make_changes(status, affiliate)
    if not ids or not changes:
        return reply_with_error(request, 400, "Nothing is chosen", "Go back and tick the rows that you mean.")
    context: dict[str, Any] = {"page": page, "ids": ids, "state": status, "affiliate": affiliate, "query": query}
    context |= {"is_all": bool(sent.get("all")), "verbs": VERBS, "consequences": CONSEQUENCES}
    if not sent.get("sure"):
        stops = await describe_consequences(environment, page.kind, ids) if status else {}
        return reply(request, "referrals/bulk.html", **context, stops=stops, done=None)
    return reply(request, "referrals/bulk.html", **context, done=await change_all(request, page.kind, ids, changes))


def make_changes(status: Status | None, affiliate: str) -> dict[str, object]:
    return ({"status": status} if status else {}) | ({"affiliate_id": affiliate} if affiliate else {})


def read_status(sent: Mapping[str, str]) -> Status | None:
    status = sent.get("status", "")
    return status if status in get_args(Status) else None  # type: ignore[return-value] # one of them
