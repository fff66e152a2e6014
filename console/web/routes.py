"""The console's routes, of all its parts, and the application that serves them."""

from collections.abc import Collection
from typing import Final

from aiohttp import hdrs, web
from aiohttp.http import HttpVersion11

from console.analytics.routes import ROUTES as ANALYTICS
from console.annotations.routes import ROUTES as ANNOTATIONS
from console.api.problems import answer_problem
from console.api.routes import ROUTES as API
from console.audit.routes import ROUTES as AUDIT
from console.auth.guard import ACCESS, NEEDS, add_headers, guard, is_of_the_api
from console.auth.routes import ROUTES as AUTH
from console.clicks.routes import ROUTES as CLICKS
from console.environment import ENVIRONMENT, Environment
from console.jobs.routes import ROUTES as JOBS
from console.live.routes import ROUTES as LIVE
from console.pages.handlers import serve_asset
from console.pages.routes import ROUTES as PAGES
from console.people.routes import ROUTES as PEOPLE
from console.pipeline.routes import ROUTES as PIPELINE
from console.referrals.routes import ROUTES as REFERRALS
from console.reports.routes import ROUTES as REPORTS
from console.search.routes import ROUTES as SEARCH
from console.view.routes import ROUTES as VIEW
from console.web.navigation import PAGES as PATHS
from console.web.route import METHODS, Route

LARGEST_FORM: Final = 64 * 1024
"""A note of 2,000 characters takes up to 24,000 bytes in a form, beside an address that takes as much."""
FILES: Final = (Route("GET", "/static/{name}", serve_asset, "file"),)
ROUTES: Final = (
    *FILES,
    *AUTH,
    *PAGES,
    *ANALYTICS,
    *ANNOTATIONS,
    *CLICKS,
    *REFERRALS,
    *REPORTS,
    *VIEW,
    *PIPELINE,
    *JOBS,
    *LIVE,
    *API,
    *PEOPLE,
    *AUDIT,
    *SEARCH,
)


async def answer_unmatched(request: web.Request) -> web.Response:
    """Answer a request without a route: 405 if another method has one, else 404."""
    resources = request.app.router.resources()
    allowed = {method for resource in resources for method in (await resource.resolve(request))[1]} - {hdrs.METH_ANY}
    if is_of_the_api(request):
        return answer_unmatched_program(allowed)
    if allowed:
        raise web.HTTPMethodNotAllowed(request.method, allowed)
    raise web.HTTPNotFound


def answer_unmatched_program(allowed: Collection[str]) -> web.Response:
    if not allowed:
        return answer_problem(404, "unknown_endpoint", "The API has no such address: see /api/v1/openapi.json.")
    methods = ",".join(sorted(allowed))
    response = answer_problem(405, "method_not_allowed", f"This address takes another method: {methods}.")
    response.headers[hdrs.ALLOW] = methods
    return response


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
    app[PATHS] = frozenset(route.path for route in ROUTES if route.access == "page")
    # Below the base for proxies that keep its path, and at the root for those that strip it.
    routes = {
        app.router.add_route(method, prefix + route.path, route.handler, expect_handler=handle_expect): route
        for prefix in dict.fromkeys((environment.base.path, ""))
        for route in ROUTES
        for method in METHODS.get(route.method, (route.method,))
    }
    if environment.base.path:
        root = next(route for route in ROUTES if route.path == "/")
        path = environment.base.path
        routes[app.router.add_route("GET", path, root.handler, expect_handler=handle_expect)] = root
    app[ACCESS] = {of: route.access for of, route in routes.items()}
    app[NEEDS] = {of: route.needs for of, route in routes.items()}
    # Catch the rest here: aiohttp's own 404 would use its own Expect handler.
    app.router.add_route("*", "/{rest:.*}", answer_unmatched, expect_handler=handle_expect)
    app.on_response_prepare.append(add_headers)
    return app
