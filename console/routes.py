"""Every address of the console, who may see it, and what answers."""

from typing import Final

import msgspec
from aiohttp import web

from console.environment import ENVIRONMENT, Environment
from console.guard import ACCESS, Access, Handler, add_headers, guard
from console.login import log_in, log_out, show_login, show_session
from console.pages import (
    serve_asset,
    show_click,
    show_click_part,
    show_clicks,
    show_errors,
    show_letter,
    show_overview,
    show_overview_part,
)
from console.stream import stream_clicks

LARGEST_FORM: Final = 16 * 1024


class Route(msgspec.Struct, frozen=True):
    method: str
    path: str
    handler: Handler
    access: Access


ROUTES: Final = (
    Route("GET", "/login", show_login, "open"),
    Route("POST", "/login", log_in, "open"),
    Route("GET", "/static/{name}", serve_asset, "open"),
    Route("POST", "/logout", log_out, "page"),
    Route("GET", "/", show_overview, "page"),
    Route("GET", "/clicks", show_clicks, "page"),
    Route("GET", "/clicks/{click_id}", show_click, "page"),
    Route("GET", "/errors", show_errors, "page"),
    Route("GET", r"/dead-letters/{topic}/{partition:\d{1,9}}/{offset:\d{1,18}}", show_letter, "page"),
    Route("GET", "/parts/overview", show_overview_part, "api"),
    Route("GET", "/parts/clicks/{click_id}", show_click_part, "api"),
    Route("GET", "/live/clicks", stream_clicks, "api"),
    Route("GET", "/api/session", show_session, "api"),
)


def make_app(environment: Environment) -> web.Application:
    app = web.Application(middlewares=[guard], client_max_size=LARGEST_FORM)
    app[ENVIRONMENT] = environment
    app[ACCESS] = {app.router.add_route(route.method, route.path, route.handler): route.access for route in ROUTES}
    app.on_response_prepare.append(add_headers)
    return app
