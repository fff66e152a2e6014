"""A provider that is away, slow, wrong or changing: people are told, and passwords go on working."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import aiohttp
import pytest
import structlog
from aiohttp import web

from console.auth.oidc import id_tokens
from console.auth.oidc.answers import LARGEST, ProviderAway, open_http
from console.auth.oidc.provider import FRESH_S, KEYS_AGAIN_S, RETRY_S, Provider
from console.auth.oidc.settings import read_oidc
from tests.console.auth.oidc.fake_provider import FakeProvider, make_key
from tests.console.auth.oidc.round_trip import (
    VERA,
    begin,
    come_back,
    log_in,
    make_oidc_settings,
    pass_provider,
    run_oidc_console,
)
from tests.console.running import PASSWORD, Console

AWAY = "Keycloak does not answer as it should: log in with your password, or try again in a moment."
DISCOVERY = "/.well-known/openid-configuration"


@asynccontextmanager
async def reaching(
    provider: FakeProvider, clock: Callable[[], float] = monotonic, deadline_s: float = 5.0
) -> AsyncIterator[Provider]:
    """Reach a provider with another clock, or less patience, than the service does."""
    settings = read_oidc(make_oidc_settings(provider))
    assert settings is not None
    async with open_http(deadline_s) as http:
        yield Provider(settings, http, id_tokens, clock)


async def answer_500(_: web.Request) -> web.StreamResponse:
    return web.Response(status=500, text="Internal Server Error")


async def answer_html(_: web.Request) -> web.StreamResponse:
    return web.Response(text="<!doctype html><h1>Log in to the hotel's network</h1>", content_type="text/html")


async def answer_a_list(_: web.Request) -> web.StreamResponse:
    return web.json_response(["token"])


async def answer_deeply(_: web.Request) -> web.StreamResponse:
    return web.Response(text="[" * 100_000, content_type="application/json")


async def answer_hugely(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    try:
        for _ in range(LARGEST // 1024 * 4):
            await response.write(b" " * 1024)
    except ConnectionError:
        # Whoever has read enough hangs up.
        return response
    return response


async def answer_elsewhere(_: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"})


async def answer_too_late(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(60)
    return web.json_response({})


async def hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


BROKEN = {
    "500": (answer_500, "answers with status 500"),
    "HTML": (answer_html, "answers with something that is not JSON"),
    "a list": (answer_a_list, "answers with JSON that is not an object"),
    "endless brackets": (answer_deeply, "answers with something that is not JSON"),
    "a huge answer": (answer_hugely, "answers with more than 256 KiB"),
    "a redirect": (answer_elsewhere, "answers with status 302"),
    "nothing for long": (answer_too_late, "does not answer in time"),
    "a closed connection": (hang_up, "cannot be reached (ServerDisconnectedError)"),
}


@pytest.mark.parametrize("path", [DISCOVERY, "/token", "/keys"])
@pytest.mark.parametrize(
    "broken",
    [pytest.param(name, marks=pytest.mark.slow if name == "nothing for long" else ()) for name in BROKEN],
)
async def test_a_provider_that_cannot_be_used_is_told_on_the_login_page(
    provider: FakeProvider, path: str, broken: str
) -> None:
    answer, problem = BROKEN[broken]
    async with (
        reaching(provider, deadline_s=1.5 if answer is answer_too_late else 30) as reached,
        run_oidc_console(provider, VERA, oidc=reached) as console,
    ):
        if path == DISCOVERY:
            provider.answers[path] = answer
            reply = await come_back(console.client, "/login/oidc?next=/clicks")
        else:
            back = await pass_provider(await begin(console.client, "/clicks"))
            provider.answers[path] = answer
            reply = await come_back(console.client, back)

        assert (reply.status, reply.has_session, AWAY in reply.text) == (503, False, True)
        assert 'name="next" value="/clicks"' in reply.text
        assert reached.problem == problem
        async with console.client.post("/login", data={"password": PASSWORD}, allow_redirects=False) as response:
            assert response.status == 303


async def test_the_login_page_says_before_a_click_that_the_provider_is_away_and_when_it_is_back(
    provider: FakeProvider,
) -> None:
    times = [0.0]
    provider.answers[DISCOVERY] = answer_500
    async with (
        reaching(provider, lambda: times[0]) as reached,
        run_oidc_console(provider, VERA, oidc=reached) as console,
    ):
        with pytest.raises(ProviderAway):
            await reached.describe()
        assert AWAY in await console.read("/login")
        times[0] += RETRY_S
        del provider.answers[DISCOVERY]
        reply = await log_in(console.client)

        assert reply.has_session
        assert reached.problem is None


async def test_a_provider_that_is_away_is_not_asked_by_each_click(provider: FakeProvider) -> None:
    times = [0.0]
    provider.answers[DISCOVERY] = answer_500
    async with reaching(provider, lambda: times[0]) as reached:
        for wait_s in (0.0, RETRY_S - 0.1, 0.1):
            times[0] += wait_s
            with pytest.raises(ProviderAway, match="answers with status 500"):
                await reached.describe()

    assert provider.asked[DISCOVERY] == 2


async def test_the_service_asks_at_the_start_and_says_once_what_is_wrong(provider: FakeProvider) -> None:
    provider.described = {"issuer": f"{provider.issuer}/"}
    with structlog.testing.capture_logs() as lines:
        async with run_oidc_console(provider) as console:
            assert console.environment.oidc is not None
            while console.environment.oidc.problem is None:
                await asyncio.sleep(0.01)
            for _ in range(2):
                await come_back(console.client, "/login/oidc")
    told = [line for line in lines if "OpenID Connect" in line["event"]]

    assert [(line["log_level"], line["error"]) for line in told] == [
        ("warning", f"calls itself '{provider.issuer}/': CLICKRAIL_CONSOLE_OIDC_ISSUER must be exactly that")
    ]


DESCRIBED: dict[str, tuple[dict[str, Any], str]] = {
    "another issuer": ({"issuer": "https://evil.example"}, "calls itself 'https://evil.example'"),
    "no issuer": ({"issuer": None}, "calls itself None"),
    "tokens without encryption": ({"token_endpoint": "http://evil.example/token"}, "token_endpoint is sent without"),
    "keys without encryption": ({"jwks_uri": "http://evil.example/keys"}, "jwks_uri is sent without encryption"),
    "keys from a file": ({"jwks_uri": "file:///etc/passwd"}, "jwks_uri is not a URL"),
    "a page that is a script": (
        {"authorization_endpoint": "javascript:alert(1)"},
        "authorization_endpoint is not a URL",
    ),
    "no page": ({"authorization_endpoint": None}, "authorization_endpoint is missing"),
    "userinfo without encryption": ({"userinfo_endpoint": "http://evil.example"}, "userinfo_endpoint is sent without"),
    "secrets as signatures": (
        {"token_endpoint_auth_methods_supported": ["private_key_jwt"]},
        "takes a client secret neither by client_secret_basic nor by client_secret_post",
    ),
}


@pytest.mark.parametrize("described", DESCRIBED)
async def test_a_provider_that_describes_itself_wrongly_is_not_used(provider: FakeProvider, described: str) -> None:
    provider.described, problem = DESCRIBED[described]
    async with reaching(provider) as reached:
        with pytest.raises(ProviderAway, match=problem):
            await reached.describe()


async def test_what_the_provider_says_of_itself_is_asked_for_once_an_hour(provider: FakeProvider) -> None:
    times = [0.0]
    async with reaching(provider, lambda: times[0]) as reached:
        told = [await reached.describe() for _ in range(3)]
        times[0] += FRESH_S
        provider.described = {"token_endpoint": f"{provider.issuer}/another"}
        told.append(await reached.describe())

    assert provider.asked[DISCOVERY] == 2
    assert [one.token_endpoint.removeprefix(provider.issuer) for one in told] == ["/token"] * 3 + ["/another"]


async def test_keys_are_asked_for_once_an_hour(provider: FakeProvider) -> None:
    times = [0.0]
    async with (
        reaching(provider, lambda: times[0]) as reached,
        run_oidc_console(provider, VERA, oidc=reached) as console,
    ):
        for wait_s in (0, FRESH_S - 1, 1):
            times[0] += wait_s
            assert (await log_in(console.client)).has_session

    assert provider.asked["/keys"] == 2


@pytest.mark.parametrize("key_id", ["k2", "k1", None], ids=["another id", "the same id", "no id"])
async def test_a_new_key_of_the_provider_is_fetched_when_it_is_first_used(
    provider: FakeProvider, key_id: str | None
) -> None:
    times = [0.0]
    async with (
        reaching(provider, lambda: times[0]) as reached,
        run_oidc_console(provider, VERA, oidc=reached) as console,
    ):
        assert (await log_in(console.client)).has_session
        provider.key = make_key(key_id=key_id)
        provider.published = [provider.key]
        times[0] += KEYS_AGAIN_S

        assert (await log_in(console.client)).has_session
        assert provider.asked["/keys"] == 2


async def test_made_up_keys_do_not_have_the_keys_fetched_again_and_again(provider: FakeProvider) -> None:
    times = [0.0]
    async with reaching(provider, lambda: times[0]) as reached:
        for _ in range(10):
            problem = await reached.verify("eyJhbGciOiJSUzI1NiIsImtpZCI6Ing5In0.e30.c2ln")
            assert problem == id_tokens.TokenProblem("key")
            times[0] += KEYS_AGAIN_S / 10

    assert provider.asked["/keys"] == 1


async def test_keys_that_are_no_keys_for_signatures_are_left_out(provider: FakeProvider, oidc_console: Console) -> None:
    strange = [
        *({"kty": "oct", "k": "c2VjcmV0"}, {"kty": "AKP"}, {"kty": "RSA", "n": "?"}, {"kty": "EC"}, {}, "key", None),
        provider.key.as_dict(private=False) | {"use": "enc"},
        {"kty": "EC", "crv": "P-999", "x": "AA", "y": "AA"},
    ]

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response({"keys": [*strange, provider.key.as_dict(private=False)]})

    provider.answers["/keys"] = answer

    assert (await log_in(oidc_console.client)).has_session


async def test_a_wrong_secret_is_an_error_in_the_log_and_no_more_on_the_page(provider: FakeProvider) -> None:
    changes = {
        "oidc_client_id": "clickrail",
        "oidc_client_secret": type(make_oidc_settings(provider).password)("wrong"),
    }
    with structlog.testing.capture_logs() as lines:
        async with run_oidc_console(provider, VERA, changes=changes) as console:
            reply = await log_in(console.client)

    assert "The login with Keycloak failed (invalid_client). Try again." in reply.text
    assert [line["event"] for line in lines if line["log_level"] == "error"] == [
        "the OpenID Connect provider does not know CLICKRAIL_CONSOLE_OIDC_CLIENT_ID and its secret"
    ]
    assert "wrong" not in str([line for line in lines if "OpenID" in line["event"]])


async def test_a_secret_is_sent_in_the_form_where_the_provider_wants_it_there(provider: FakeProvider) -> None:
    provider.described = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    async with run_oidc_console(provider, VERA) as console:
        assert (await log_in(console.client)).has_session


async def test_an_answer_without_an_id_token_lets_nobody_in(provider: FakeProvider, oidc_console: Console) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response({"access_token": "at"})

    provider.answers["/token"] = answer

    assert "failed (no_id_token)" in (await log_in(oidc_console.client)).text


async def test_a_token_that_says_no_address_is_completed_by_userinfo(
    provider: FakeProvider, oidc_console: Console
) -> None:
    provider.change = {"email": None, "email_verified": None}
    provider.userinfo = dict(provider.person)

    assert (await log_in(oidc_console.client)).has_session


async def test_userinfo_of_somebody_else_lets_nobody_in(provider: FakeProvider, oidc_console: Console) -> None:
    provider.change = {"email": None}
    provider.userinfo = provider.person | {"sub": "f000"}

    assert "failed (id_token_userinfo)" in (await log_in(oidc_console.client)).text


async def test_nobody_else_is_asked_where_the_provider_has_no_userinfo(provider: FakeProvider) -> None:
    provider.change = {"email": None}
    provider.described = {"userinfo_endpoint": None}
    async with run_oidc_console(provider, VERA) as console:
        reply = await log_in(console.client)

    assert "Keycloak does not say your e-mail address" in reply.text


async def test_a_session_out_keeps_no_cookies() -> None:
    async with open_http() as http:
        assert isinstance(http.cookie_jar, aiohttp.DummyCookieJar)
