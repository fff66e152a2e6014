"""Saves, opens and removes views."""

import re
from collections.abc import Mapping
from typing import Final

from aiohttp import web

from console.auth.sessions import SESSION
from console.clicks.log_address import names_visitor
from console.database import DatabaseAway
from console.environment import ENVIRONMENT, Environment
from console.reports.links import PATH
from console.reports.saved import (
    LONGEST_NAME,
    LONGEST_QUERY,
    MOST,
    PATHS,
    NewView,
    find_saved,
    find_start,
    remove_view,
    save_view,
    start_with,
)
from console.view.filters import is_storable
from console.web.forms import read_form
from console.web.responses import reply_with_error

VIEW_ID: Final = re.compile(r"[0-9A-Z]{26}")
NOT_SAVED: Final = "This view was not saved"


async def open_view(request: web.Request) -> web.Response:
    """Lead to the page of a saved view, as it is saved now."""
    environment: Environment = request.app[ENVIRONMENT]
    user, view_id = request[SESSION].user, request.match_info["view_id"]
    if not VIEW_ID.fullmatch(view_id):
        raise web.HTTPNotFound
    found = await environment.database.read(lambda reader: find_saved(reader, user.id, view_id))
    if found is None:
        raise web.HTTPNotFound
    return see_other(environment, f"{found.path}?{found.query}" if found.query else found.path)


async def open_start(request: web.Request) -> web.Response:
    """Lead to the view that somebody begins with: the overview, if there is none or PostgreSQL is away."""
    environment: Environment = request.app[ENVIRONMENT]
    user = request[SESSION].user
    try:
        start = await environment.database.read(lambda reader: find_start(reader, user.id))
    except DatabaseAway:
        start = None
    return see_other(environment, start.address if start else "/")


async def add_view(request: web.Request) -> web.Response:
    """Save the view of a form, and lead back to it."""
    environment: Environment = request.app[ENVIRONMENT]
    view = read_view_form(await read_form(request))
    if isinstance(view, str):
        return reply_with_error(request, 422, NOT_SAVED, view)
    saved = await environment.accounts.write(
        lambda connection: save_view(connection, request[SESSION], view, environment.now())
    )
    if saved is None:
        return reply_with_error(request, 422, NOT_SAVED, f"You have {MOST} views: remove one first.")
    return see_other(environment, f"{view.path}?{view.query}" if view.query else view.path)


def read_view_form(form: Mapping[str, str]) -> NewView | str:
    """Read a view, or return what is wrong with it."""
    name, path, query = form.get("name", "").strip(), form.get("path", PATH), form.get("query", "")
    if not 1 <= len(name) <= LONGEST_NAME:
        return f"Give it a name of 1 to {LONGEST_NAME} characters."
    if path not in PATHS or len(query) > LONGEST_QUERY or not all(map(is_storable, (name, query))):
        return "Its address is too long, or has a character that cannot be stored."
    if "\n" in query or "\r" in query:
        return "Its address has a line break."
    is_shared = form.get("is_shared") == "1"
    if is_shared and names_visitor(query):
        return (
            "Everybody here would see whom it is about: it filters by the hash of an address or network, or stands at a"
            " click. Remove that filter, or save it for yourself alone."
        )
    return NewView(name, path, query, is_shared=is_shared, is_start=form.get("is_start") == "1")


async def delete_view(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    view_id = request.match_info["view_id"]
    is_removed = await environment.accounts.write(
        lambda connection: remove_view(connection, request[SESSION], view_id, environment.now())
    )
    if not is_removed:
        raise web.HTTPNotFound
    return see_other(environment, f"{PATH}?by=affiliate")


async def set_start(request: web.Request) -> web.Response:
    """Let the reader's reports begin with the view of a form, or with none."""
    environment: Environment = request.app[ENVIRONMENT]
    view_id = (await read_form(request)).get("view", "")
    if view_id and not VIEW_ID.fullmatch(view_id):
        raise web.HTTPNotFound
    await environment.accounts.write(lambda connection: start_with(connection, request[SESSION], view_id))
    return see_other(environment, f"/views/{view_id}" if view_id else f"{PATH}?by=affiliate")


def see_other(environment: Environment, path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": environment.base.address(path)})
