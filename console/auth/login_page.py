"""The page of the login: with a password, or with the provider, and what went wrong."""

import math
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from aiohttp import hdrs, web

from console.auth.browser_session import go_to
from console.auth.sessions import SESSION
from console.environment import ENVIRONMENT, Environment
from console.web.addresses import make_local_target
from console.web.responses import reply

PROBLEMS: Final[Mapping[str, tuple[int, str]]] = {
    "wrong": (403, "That is not the password of {whom}."),
    "wrong_code": (403, "That is not the code, or it was used already. Wait for the next one."),
    "expired": (403, "That took too long. Log in again."),
    "limited": (429, "Too many wrong guesses. Try again in {wait_s} seconds."),
    "crowded": (503, "Too many logins are waiting. Try again in {wait_s} seconds."),
    "away": (503, "{problem}. Nobody can log in until this is fixed."),
    "provider_lost": (403, "That took too long, or began in another browser or tab. Log in again."),
    "provider_refused": (403, "{problem}"),
    "provider_away": (503, "{problem}"),
    "not_admitted": (403, "{problem}"),
}
"""Results of a failed login, named as in the metric: the response's status, and the page's message."""


async def show_login(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    target = make_local_target(environment.base, request.query.get("next", ""))
    if SESSION in request:
        return go_to(target)
    away = environment.login_problem()
    return show_page(request, 200, target, PROBLEMS["away"][1].format(problem=away) if away else None)


def show_page(
    request: web.Request, status: int, target: str, problem: str | None, *, wrong: bool = False, login: str = ""
) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    provider = environment.oidc
    provider_problem = describe_away(environment) if provider and provider.problem else None
    return reply(
        request,
        "login.html",
        status,
        target=target,
        problem=problem,
        wrong=wrong,
        login=login,
        provider=name_provider(environment),
        provider_address=environment.base.address(f"/login/oidc?next={quote(target, safe='/')}"),
        # Said once, if it is what has just gone wrong.
        provider_problem=provider_problem if provider_problem != problem else None,
        owners_only=is_owners_only(environment),
    )


def name_provider(environment: Environment) -> str | None:
    """Return what people call the provider with which they may log in; null if there is none."""
    return environment.oidc.settings.name if environment.oidc else None


def describe_away(environment: Environment) -> str:
    """Say that the provider cannot be used now, and what to do."""
    name = name_provider(environment)
    others = "an owner can log in with a password" if is_owners_only(environment) else "log in with your password"
    return f"{name} does not answer as it should: {others}, or try again in a moment."


def is_owners_only(environment: Environment) -> bool:
    return environment.settings.password_login == "owners"  # noqa: S105 - a choice, no password


def refuse(
    request: web.Request, form: Mapping[str, str], result: str, wait_s: float = 0, problem: str = ""
) -> web.Response:
    """Show the login page again, with the problem."""
    environment: Environment = request.app[ENVIRONMENT]
    environment.metrics.logins.labels(result).inc()
    status, words = PROBLEMS[result]
    whom = "an owner" if is_owners_only(environment) else "this user"
    response = show_page(
        request,
        status,
        make_local_target(environment.base, form.get("next", "")),
        words.format(wait_s=math.ceil(wait_s), problem=problem, whom=whom),
        wrong=result == "wrong",
        login=form.get("login", ""),
    )
    if wait_s:
        response.headers[hdrs.RETRY_AFTER] = str(math.ceil(wait_s))
    return response
