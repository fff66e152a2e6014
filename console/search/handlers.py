"""Requests of the search box."""

from aiohttp import web

from console.environment import ENVIRONMENT, Environment
from console.search.search import search
from console.web.navigation import PAGES
from console.web.responses import reply


async def show_search(request: web.Request) -> web.Response:
    """Lead to the page of the only thing that a text means, else list what it may mean."""
    environment: Environment = request.app[ENVIRONMENT]
    found = await search(environment, request.query.get("q", ""), request.app[PAGES])
    if found.address:
        raise web.HTTPFound(environment.base.address(found.address))
    return reply(request, "search/search.html", found=found)
