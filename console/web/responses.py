"""HTTP responses rendered from templates."""

from typing import Any, Final

from aiohttp import web

from console.auth.roles import MAY, Permission
from console.auth.sessions import SESSION
from console.environment import ENVIRONMENT, Environment
from console.web.navigation import PAGES, find_current, list_navigation
from console.web.rendering import render

NOTHING: Final = frozenset[Permission]()


def reply(request: web.Request, template: str, status: int = 200, **context: Any) -> web.Response:
    """Render a page or a part of one. In the template `session` is null without a login, and `may` its permissions."""
    environment: Environment = request.app[ENVIRONMENT]
    session = request.get(SESSION)
    may = MAY[session.role] if session else NOTHING
    path = environment.base.relative(request.path)
    pages: frozenset[str] = request.app[PAGES]
    text = render(
        environment.templates,
        template,
        session=session,
        may=may,
        pages=pages,
        navigation=list_navigation(pages, may),
        current=find_current(path),
        now=environment.now(),
        path=path,
        problems={"Kafka": environment.live.problem, "PostgreSQL": environment.database.problem},
        home=environment.base.address("/" if session is None or "read" in may else "/own"),
        missing_clicks=environment.pipeline.ledger.missing,
        public_url=environment.settings.public_url,
        **context,
    )
    return web.Response(status=status, text=text, content_type="text/html")


def reply_with_error(request: web.Request, status: int, title: str, advice: str) -> web.Response:
    return reply(request, "error.html", status, title=title, advice=advice, passing=status == 503)  # noqa: PLR2004 - an HTTP status


def find_site(request: web.Request) -> str:
    """Return where browsers reach the console, without a slash at the end: for addresses that people send."""
    environment: Environment = request.app[ENVIRONMENT]
    known = environment.settings.url
    return known.rstrip("/") if known else f"{request.scheme}://{request.host}{environment.base.path}"
