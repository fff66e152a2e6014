"""The console's routes: path, handler, and who may see it."""

from typing import Final

import msgspec
from aiohttp import hdrs, web
from aiohttp.http import HttpVersion11

from console.api.attribution import show_attribution
from console.auth.guard import ACCESS, Access, Handler, add_headers, guard
from console.auth.login import log_in, log_out, show_login, show_session
from console.environment import ENVIRONMENT, Environment
from console.live.stream import show_status, stream_clicks
from console.pages.affiliates import show_affiliate
from console.pages.handlers import (
    download_dead_letter,
    serve_asset,
    show_click,
    show_click_part,
    show_clicks,
    show_dead_letter,
    show_errors,
    show_overview,
    show_overview_part,
)

LARGEST_FORM: Final = 16 * 1024
METHODS: Final = {"GET": ("GET", "HEAD")}
"""HEAD is answered like GET, without the body (RFC 9110, 9.3.2)."""


class Route(msgspec.Struct, frozen=True):
    method: str
    path: str
    handler: Handler
    access: Access


LETTER: Final = "/dead-letters/{topic}/{partition:[0-9]{1,9}}/{offset:[0-9]{1,18}}{digest:(?:@[0-9a-f]{1,64})?}"

ROUTES: Final = (
    Route("GET", "/login", show_login, "login"),
    Route("POST", "/login", log_in, "login"),
    Route("GET", "/static/{name}", serve_asset, "file"),
    Route("POST", "/logout", log_out, "page"),
    Route("GET", "/", show_overview, "page"),
    Route("GET", "/clicks", show_clicks, "page"),
    Route("GET", "/clicks/{click_id}", show_click, "page"),
    Route("GET", "/affiliates/{affiliate_id}", show_affiliate, "page"),
    Route("GET", "/errors", show_errors, "page"),
    Route("GET", LETTER, show_dead_letter, "page"),
    Route("GET", f"{LETTER}/value", download_dead_letter, "page"),
    Route("GET", "/parts/overview", show_overview_part, "api"),
    Route("GET", "/parts/clicks/{click_id}", show_click_part, "api"),
    Route("GET", "/live/clicks", stream_clicks, "api"),
    Route("GET", "/api/session", show_session, "api"),
    Route("GET", "/api/status", show_status, "api"),
    Route("GET", "/api/v1/attribution", show_attribution, "api"),
)


async def answer_unmatched(request: web.Request) -> web.Response:
    """Answer a request without a route: 405 if another method has one, else 404."""
    resources = request.app.router.resources()
    allowed = {method for resource in resources for method in (await resource.resolve(request))[1]} - {hdrs.METH_ANY}
    if allowed:
        raise web.HTTPMethodNotAllowed(request.method, allowed)
    raise web.HTTPNotFound


async def handle_expect(request: web.Request) -> None:
    """Handle the Expect header. aiohttp's handler would quote an unknown value, and fails if it is not UTF-8."""
    if request.version == HttpVersion11:
        if request.headers.get(hdrs.EXPECT, "").lower() != "100-continue":
            raise web.HTTPExpectationFailed
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0


def make_app(environment: Environment) -> web.Application:
    app = web.Application(middlewares=[guard], client_max_size=LARGEST_FORM)
    app[ENVIRONMENT] = environment
    # Below the base for proxies that keep its path, and at the root for those that strip it.
    app[ACCESS] = {
        app.router.add_route(method, prefix + route.path, route.handler, expect_handler=handle_expect): route.access
        for prefix in dict.fromkeys((environment.base.path, ""))
        for route in ROUTES
        for method in METHODS.get(route.method, (route.method,))
    }
    if environment.base.path:
        app.router.add_route("GET", environment.base.path, show_overview, expect_handler=handle_expect)
    # Catch the rest here: aiohttp's own 404 would use its own Expect handler.
    app.router.add_route("*", "/{rest:.*}", answer_unmatched, expect_handler=handle_expect)
    app.on_response_prepare.append(add_headers)
    return app
