"""HTTP responses rendered from templates."""

from typing import Any

from aiohttp import web

from console.auth.sessions import SESSION
from console.environment import ENVIRONMENT, Environment
from console.web.rendering import render


def reply(request: web.Request, template: str, status: int = 200, **context: Any) -> web.Response:
    """Render a page or a part of one. In the template `session` is null without a login."""
    environment: Environment = request.app[ENVIRONMENT]
    text = render(
        environment.templates,
        template,
        session=request.get(SESSION),
        now=environment.now(),
        path=environment.base.relative(request.path),
        problems={"Kafka": environment.live.problem, "PostgreSQL": environment.database.problem},
        public_url=environment.settings.public_url,
        **context,
    )
    return web.Response(status=status, text=text, content_type="text/html")


def reply_with_error(request: web.Request, status: int, title: str, advice: str) -> web.Response:
    return reply(request, "error.html", status, title=title, advice=advice, passing=status == 503)  # noqa: PLR2004 - an HTTP status
