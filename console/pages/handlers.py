"""Request handlers of the overview and of static files."""

from typing import Final
from urllib.parse import urlencode

from aiohttp import hdrs, web

from console.environment import ENVIRONMENT
from console.pages.charts import chart_minutes
from console.view.filters import Filter, write_filter
from console.web.responses import reply

FOREVER: Final = "public, max-age=31536000, immutable"


async def show_overview(request: web.Request) -> web.Response:
    return await reply_overview(request, "overview.html")


async def show_overview_part(request: web.Request) -> web.Response:
    return await reply_overview(request, "parts/overview.html")


async def reply_overview(request: web.Request, template: str) -> web.Response:
    overview = await request.app[ENVIRONMENT].overview.get()
    chart = None if overview.minutes is None else chart_minutes(overview.minutes, overview.as_of)
    return reply(request, template, overview=overview, chart=chart, write_share=write_share)


def write_share(field: str, value: str) -> str:
    """Write the query of the clicks that have a value."""
    return urlencode([write_filter(Filter(field, "is", (value,)))], safe=":,")


async def serve_asset(request: web.Request) -> web.Response:
    asset = request.app[ENVIRONMENT].assets.by_name.get(request.match_info["name"])
    if asset is None:
        return web.Response(status=404, text="There is no such file. Reload the page.")
    headers = {hdrs.CACHE_CONTROL: FOREVER}
    return web.Response(body=asset.body, content_type=asset.content_type, charset="utf-8", headers=headers)
