"""Makes and ends links to reports, and shows a report to whoever has a link."""

import asyncio
import hashlib
import hmac
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web
from multidict import MultiDict

from console.analytics.shared import read_totals
from console.annotations.finding import find_shared_notes
from console.annotations.marks import Note
from console.auth.browser_session import is_https
from console.auth.password_queue import QueueFull
from console.auth.passwords import is_hash_of
from console.auth.sessions import SESSION
from console.clicks.log_address import hide_visitors
from console.environment import ENVIRONMENT, Environment
from console.reports.handlers import describe
from console.reports.links import PATH
from console.reports.reading import Report, read_report
from console.reports.request import read_request
from console.reports.saved import SavedViews
from console.reports.saved_handlers import see_other
from console.reports.share_form import LONGEST_PASSWORD, explain_share
from console.reports.shares import (
    MOST,
    SHARED_PATHS,
    NewShare,
    SharedReport,
    add_share,
    find_shared,
    list_shares,
    revoke_share,
)
from console.view.ranges import Today
from console.view.today import read_today
from console.web.forms import read_form
from console.web.responses import find_site, reply, reply_with_error
from storage.read.asking.plan import Refusal
from storage.read.queries import Connection

COOKIE: Final = "clickrail_shared"
NOT_MADE: Final = "This link was not made"
GONE: Final = "This link shows nothing any more"
ASK: Final = "It is over, was ended, or is not complete. Ask whoever sent it for another one."


async def show_shares(request: web.Request) -> web.Response:
    """List the links in force, a page of them."""
    return await reply_with_shares(request, "")


async def reply_with_shares(request: web.Request, made: str) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    before, now = request.query.get("before", ""), environment.now()
    shares = await environment.accounts.read(lambda reader: list_shares(reader, request[SESSION], now, before))
    return reply(request, "reports/shares.html", shares=shares.links, older=shares.older, made=made)


async def make_share(request: web.Request) -> web.Response:
    """Make a link of a form, and show it, once."""
    environment: Environment = request.app[ENVIRONMENT]
    form = await read_form(request)
    wrong = explain_share(form)
    if wrong:
        return reply_with_error(request, 422, NOT_MADE, wrong)
    secret = form.get("secret", "")
    hashed = await environment.login.password_queue.hash(secret) if secret else None
    path = next(one for one in SHARED_PATHS if one == form.get("path", PATH))
    # What is shared looks at nobody: these pages have no such filter, and the table keeps none.
    query = hide_visitors(form.get("query", ""))
    share = NewShare(form.get("name", "").strip(), path, query, int(form.get("days", "")), hashed)
    token = await environment.accounts.write(
        lambda connection: add_share(connection, request[SESSION], share, environment.now())
    )
    if token is None:
        return reply_with_error(request, 422, NOT_MADE, f"You have {MOST} links: end one first.")
    return await reply_with_shares(request, f"{find_site(request)}/shared/{token}")


async def end_share(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    share_id = request.match_info["share_id"]
    is_ended = await environment.accounts.write(
        lambda connection: revoke_share(connection, request[SESSION], share_id, environment.now())
    )
    if not is_ended:
        raise web.HTTPNotFound
    return see_other(environment, "/shares")


async def show_shared(request: web.Request) -> web.Response:
    """Show what a link is for. Of the address, only the page of a report counts."""
    shown = await reply_shared(request)
    shown.headers["X-Robots-Tag"] = "noindex"
    return shown


async def reply_shared(request: web.Request) -> web.Response:
    shared = await find(request)
    if shared is None:
        return reply_with_error(request, 404, GONE, ASK)
    if not is_unlocked(request, shared):
        return reply(request, "reports/locked.html", shared=shared, problem="")
    return await show_report(request, shared) if shared.path == PATH else await show_totals(request, shared)


async def show_totals(request: web.Request, shared: SharedReport) -> web.Response:
    """Show totals and their course, as numbers alone: no address of a click, and nothing personal."""
    query = MultiDict(parse_qsl(shared.query, keep_blank_values=True))
    return reply(request, "analytics/shared.html", shared=shared, **await read_totals(request, query))


async def show_report(request: web.Request, shared: SharedReport) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    pairs = [pair for pair in parse_qsl(shared.query, keep_blank_values=True) if pair[0] not in ("page", "open")]
    asked, ignored = read_request(MultiDict([*pairs, ("page", request.query.get("page", ""))]))

    async def read(connection: Connection) -> tuple[Report | Refusal, Today, list[Note]]:
        today = await read_today(connection, environment.now())
        notes = await find_shared_notes(connection, asked.view, today)
        return await read_report(connection, asked, today), today, notes

    report, today, notes = await environment.database.read(read)

    def write() -> web.Response:
        shown = describe(asked, ignored, report, today, SavedViews([])) | {"is_shared": True}
        return reply(request, "reports/shared.html", **shown, shared=shared, notes=notes)

    # As for those who are logged in: meanwhile others are answered.
    return await asyncio.to_thread(write)


async def find(request: web.Request) -> SharedReport | None:
    environment: Environment = request.app[ENVIRONMENT]
    token = request.match_info["token"]
    return await environment.database.read(lambda reader: find_shared(reader, token, environment.now()))


def is_unlocked(request: web.Request, shared: SharedReport) -> bool:
    """Tell whether the browser has sent the password of the link, if it has one."""
    given = request.cookies.get(COOKIE, "")
    return shared.password_hash is None or hmac.compare_digest(given.encode(), make_proof(request, shared).encode())


def make_proof(request: web.Request, shared: SharedReport) -> str:
    """Return what the browser holds after the password; it is of no use once the password or link is another."""
    text = f"{shared.id} {shared.password_hash} {request.match_info['token']}"
    return hashlib.sha256(text.encode()).hexdigest()


async def unlock_shared(request: web.Request) -> web.Response:
    """Check the password of a link. Guesses wait for each other, as at the login."""
    environment: Environment = request.app[ENVIRONMENT]
    shared = await find(request)
    if shared is None:
        return reply_with_error(request, 404, GONE, ASK)
    guess = (await read_form(request)).get("secret", "")[:LONGEST_PASSWORD]
    queue = environment.login.password_queue
    try:
        async with queue.line(is_known=False).turn():
            is_right = await asyncio.to_thread(is_hash_of, shared.password_hash or "", guess)
    except QueueFull:
        return reply_with_error(request, 429, "Too many guesses at the same time", "Try again in a minute.")
    if not is_right:
        return reply(request, "reports/locked.html", 403, shared=shared, problem="This is not the password.")
    path = f"/shared/{request.match_info['token']}"
    response = see_other(environment, path)
    response.set_cookie(
        COOKIE,
        make_proof(request, shared),
        path=environment.base.address(path),
        httponly=True,
        samesite="Lax",
        secure=is_https(request, environment.settings.url),
    )
    return response
