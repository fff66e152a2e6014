"""The way to the provider, and back from it."""

from datetime import timedelta
from typing import Final

import structlog
from aiohttp import web

from console.audit.log import STRANGER, AuditEntry
from console.auth.browser_session import Proof, begin_session, go_to, is_https, remember_browser
from console.auth.device_cookie import read_device_cookie
from console.auth.login_page import describe_away, refuse
from console.auth.login_throttle import LoginClient
from console.auth.oidc.answers import ProviderAway
from console.auth.oidc.arrival import Arrival, Failed, find_account
from console.auth.oidc.flow import FLOW_COOKIE, FLOW_S, begin_flow, make_authorization_url, open_flow, seal_flow
from console.auth.oidc.provider import Provider
from console.environment import ENVIRONMENT, Environment
from console.web.addresses import make_local_target
from runtime.errors import DependencyAway

log = structlog.get_logger()

PATH: Final = "/login/oidc"
BROWSER_COOKIE: Final = "clickrail_oidc_browser"
"""The device cookie of those who log in so: whose login it will be is not known when it is admitted."""
NOBODYS_LOGIN: Final = "openid connect"
"""No user's login name: those have no spaces."""
COME_AGAIN_S: Final = 5


async def begin_login(request: web.Request) -> web.Response:
    """Lead to the provider, and keep in the browser what must come back."""
    environment, provider = find_provider(request)
    target = make_local_target(environment.base, request.query.get("next", ""))
    try:
        metadata = await provider.describe()
    except ProviderAway:
        return refuse(request, {"next": target}, "provider_away", COME_AGAIN_S, describe_away(environment))
    flow = begin_flow(target, environment.base.address("/"), int(environment.now().timestamp()))
    response = go_to(make_authorization_url(metadata, provider.settings, flow))
    set_flow_cookie(request, response, seal_flow(environment.login.flow_key, flow), FLOW_S)
    return response


async def end_login(request: web.Request) -> web.Response:
    """Log in who is back from the provider, or say why not. A login that was begun ends here, whatever comes of it."""
    environment, provider = find_provider(request)
    now = environment.now()
    flow = open_flow(environment.login.flow_key, request.cookies.get(FLOW_COOKIE, ""), int(now.timestamp()))
    if flow is None or not flow.is_state(request.query.get("state", "")):
        return refuse(request, {}, "provider_lost")
    arrival = Arrival(provider, flow, request.query)
    try:
        response = await finish(request, arrival)
    except ProviderAway:
        response = refuse(request, {"next": flow.target}, "provider_away", COME_AGAIN_S, describe_away(environment))
    except DependencyAway as error:
        return refuse(request, {"next": flow.target}, "away", COME_AGAIN_S, str(error))
    set_flow_cookie(request, response, "", 0)
    return response


async def finish(request: web.Request, arrival: Arrival) -> web.Response:
    """Log in, or refuse. Raises DependencyAway."""
    environment: Environment = request.app[ENVIRONMENT]
    client = identify_client(request)
    throttle, form = environment.login.throttle, {"next": arrival.flow.target}
    if wait_s := await throttle.admit(client, environment.now()):
        log.warning("login refused", client=client.name, how=NOBODYS_LOGIN, wait_s=round(wait_s))
        return refuse(request, form, "limited", wait_s)
    # The provider takes a code once. Should it take it twice, we do not.
    if not await throttle.use_once(arrival.flow.state, timedelta(seconds=FLOW_S), environment.now()):
        return refuse(request, form, "provider_lost")
    found = await find_account(environment.login.accounts, arrival, environment.now())
    if isinstance(found, Failed):
        await note_failure(environment, client, found)
        return refuse(request, form, found.result, problem=found.words)
    await throttle.forgive(client, environment.now())
    response = await begin_session(request, arrival.flow.target, found, Proof("openid connect", "the provider's"))
    remember_browser(request, response, BROWSER_COOKIE, NOBODYS_LOGIN)
    environment.metrics.logins.labels("accepted").inc()
    log.info("logged in", client=client.name, known_browser=client.is_known, user=found.id, how=NOBODYS_LOGIN)
    return response


async def note_failure(environment: Environment, client: LoginClient, failed: Failed) -> None:
    """Write to the logs that somebody did not get in. Raises DependencyAway."""
    log.warning(
        "login failed", client=client.name, known_browser=client.is_known, how=NOBODYS_LOGIN, wrong=failed.wrong
    )
    after = {"how": NOBODYS_LOGIN, "wrong": failed.wrong, "client": client.name, "known_browser": client.is_known}
    entry = AuditEntry(environment.now(), STRANGER, "login.fail", failed.subject, after=after)
    await environment.login.accounts.write_entry(entry)


def find_provider(request: web.Request) -> tuple[Environment, Provider]:
    """Raises HTTPNotFound if there is none."""
    environment: Environment = request.app[ENVIRONMENT]
    if environment.oidc is None:
        raise web.HTTPNotFound
    return environment, environment.oidc


def identify_client(request: web.Request) -> LoginClient:
    environment: Environment = request.app[ENVIRONMENT]
    client = environment.proxies.find_client(request.remote, request.headers)
    cookie = request.cookies.get(BROWSER_COOKIE, "")
    browser = read_device_cookie(environment.login.device_key, cookie, NOBODYS_LOGIN)
    return environment.login.throttle.identify(client, browser, NOBODYS_LOGIN)


def set_flow_cookie(request: web.Request, response: web.Response, value: str, lasts_s: int) -> None:
    """Set the cookie, which the provider's page may lead back with (`Lax`); a lifetime of 0 deletes it."""
    environment: Environment = request.app[ENVIRONMENT]
    secure, path = is_https(request, environment.settings.url), environment.base.address(PATH)
    response.set_cookie(FLOW_COOKIE, value, max_age=lasts_s, path=path, httponly=True, samesite="Lax", secure=secure)
