"""Answers with parts of the page."""

from typing import Any

from aiohttp import hdrs, web

from console.analytics.asking import Part
from console.analytics.refusals import explain_refusal
from console.environment import ENVIRONMENT, Environment
from console.view.view import write_view
from console.web.responses import reply
from storage.read.asking.plan import Refusal


def reply_part(
    request: web.Request, part: Part, template: str, /, refusal: Refusal | None = None, **context: Any
) -> web.Response:
    """Answer with a part alone, or as a page of its own if it was not asked for as a part."""
    environment: Environment = request.app[ENVIRONMENT]
    path = environment.base.relative(request.path)
    is_part = path.startswith("/parts/")
    response = reply(
        request,
        f"analytics/{template}.html" if is_part else "analytics/alone.html",
        part=template,
        view=part.view,
        toolbar=None,
        whole=part.writer.address(),
        refused=None if refusal is None else explain_refusal(refusal),
        again=f"/parts{path.removeprefix('/parts')}?{write_view(part.view, large='1')}",
        is_large=part.is_large,
        **context,
    )
    response.headers[hdrs.VARY] = "HX-Request"
    return response
