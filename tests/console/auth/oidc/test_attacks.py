"""What must not let anybody in: forged, foreign, old and repeated answers, each against the whole console."""

import base64
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws, jwt
from joserfc.jwk import OctKey
from yarl import URL

from console.auth.login_throttle import CLIENT
from console.auth.oidc.flow import FLOW_COOKIE, FLOW_S
from tests.console.auth.oidc.fake_provider import CLIENT_ID, FakeProvider, make_key, sign
from tests.console.auth.oidc.round_trip import VERA, Reply, begin, come_back, log_in, pass_provider, run_oidc_console
from tests.console.auth.test_login import another_browser
from tests.console.running import Console

LOST = "That took too long, or began in another browser or tab. Log in again."


def failed(wrong: str) -> str:
    return f"The login with Keycloak failed ({wrong}). Try again."


def assert_refused(reply: Reply, words: str, status: int = 403) -> None:
    assert (reply.status, reply.has_session) == (status, False)
    assert words in reply.text


def encode(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def sign_with_nothing(_: FakeProvider, claims: dict[str, Any], algorithm: str = "none") -> str:
    return f"{encode({'alg': algorithm, 'kid': 'k1'})}.{encode(claims)}."


def sign_with_the_public_key(provider: FakeProvider, claims: dict[str, Any]) -> str:
    """Sign with HS256, and with the provider's public key, which everybody has, as the secret."""
    pem = provider.key.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[union-attr] - it is an RSA key
    secret = OctKey({}, None)
    secret._raw_value = pem
    registry = jws.JWSRegistry(algorithms=["HS256"])
    return jwt.encode({"alg": "HS256", "kid": "k1"}, claims, secret, registry=registry)


def sign_with_another_key(_: FakeProvider, claims: dict[str, Any]) -> str:
    return sign(claims, make_key(key_id="k1"))


def sign_with_an_unknown_key(_: FakeProvider, claims: dict[str, Any]) -> str:
    return sign(claims, make_key(key_id="k9"))


def change_after_signing(provider: FakeProvider, claims: dict[str, Any]) -> str:
    header, _, signature = sign(claims, provider.key).split(".")
    return ".".join((header, encode(claims | {"sub": "f000"}), signature))


def bring_ones_own_key(_: FakeProvider, claims: dict[str, Any]) -> str:
    """Sign with a key that the token itself brings."""
    key = make_key(key_id="k1")
    header = {"alg": "RS256", "kid": "k1", "jwk": key.as_dict(private=False)}
    registry = jws.JWSRegistry(algorithms=["RS256"])
    registry.max_header_length = 4096
    return jwt.encode(header, claims, key, registry=registry)


Forge = Callable[[FakeProvider, dict[str, Any]], str]

FORGED: dict[str, tuple[Forge, str]] = {
    "no signature": (sign_with_nothing, "algorithm"),
    "no signature, in capitals": (lambda provider, claims: sign_with_nothing(provider, claims, "None"), "algorithm"),
    "no signature under a real algorithm": (
        lambda provider, claims: sign_with_nothing(provider, claims, "RS256"),
        "signature",
    ),
    "HS256 with the public key": (sign_with_the_public_key, "algorithm"),
    "another key of the same id": (sign_with_another_key, "signature"),
    "an unknown key": (sign_with_an_unknown_key, "key"),
    "changed after signing": (change_after_signing, "signature"),
    "a key that it brings": (bring_ones_own_key, "form"),
    "no token": (lambda *_: "no.token", "form"),
    "bytes": (lambda *_: "\x00\ufffd.{}.[]", "form"),
    "nothing": (lambda *_: "", "form"),
    "very long": (lambda *_: f"{'a' * 150_000}.b.c", "form"),
}


@pytest.mark.parametrize("forged", FORGED)
async def test_a_token_that_the_provider_did_not_sign_lets_nobody_in(
    oidc_console: Console, provider: FakeProvider, forged: str
) -> None:
    forge, wrong = FORGED[forged]
    provider.sign = lambda claims: forge(provider, claims)

    assert_refused(await log_in(oidc_console.client), failed(f"id_token_{wrong}"))


FOREIGN: dict[str, tuple[dict[str, Any], str]] = {
    "another nonce": ({"nonce": "another"}, "nonce"),
    "no nonce": ({"nonce": None}, "nonce"),
    "a nonce that is no text": ({"nonce": 7}, "nonce"),
    "a nonce that is no Unicode": ({"nonce": "\ud800"}, "nonce"),
    "another audience": ({"aud": "another"}, "audience"),
    "no audience": ({"aud": None}, "audience"),
    "others, without a party": ({"aud": [CLIENT_ID, "another"]}, "audience"),
    "others, for another party": ({"aud": [CLIENT_ID, "another"], "azp": "another"}, "audience"),
    "us, for another party": ({"azp": "another"}, "audience"),
    "another issuer": ({"iss": "https://evil.example"}, "issuer"),
    "the issuer with a slash": ({"iss": "/"}, "issuer"),
    "no issuer": ({"iss": None}, "issuer"),
    "over": ({"exp": int(time.time()) - 3600}, "expired"),
    "without an end": ({"exp": None}, "expired"),
    "an end that is no time": ({"exp": "tomorrow"}, "expired"),
    "an endless end": ({"exp": True}, "expired"),
    "of before the login": ({"iat": int(time.time()) - 3600}, "issued"),
    "of the future": ({"iat": int(time.time()) + 3600}, "issued"),
    "of no time": ({"iat": None}, "issued"),
    "not valid yet": ({"nbf": int(time.time()) + 3600}, "issued"),
    "no subject": ({"sub": None}, "subject"),
    "an empty subject": ({"sub": ""}, "subject"),
    "a subject that is no text": ({"sub": ["f3a1"]}, "subject"),
    "an endless subject": ({"sub": "s" * 256}, "subject"),
}


@pytest.mark.parametrize("foreign", FOREIGN)
async def test_a_token_that_is_not_about_this_login_lets_nobody_in(
    oidc_console: Console, provider: FakeProvider, foreign: str
) -> None:
    provider.change, wrong = FOREIGN[foreign]

    assert_refused(await log_in(oidc_console.client), failed(f"id_token_{wrong}"))
    assert oidc_console.tables is not None
    assert oidc_console.tables.accounts["vera"] == VERA
    (entry,) = oidc_console.tables.entries
    assert (entry.action, entry.subject) == ("login.fail", "user of no known name")
    assert entry.after is not None
    assert entry.after["wrong"] == f"id_token_{wrong}"


async def test_a_token_for_several_that_names_us_as_its_party_is_ours(
    oidc_console: Console, provider: FakeProvider
) -> None:
    provider.change = {"aud": [CLIENT_ID, "another"], "azp": CLIENT_ID}

    assert (await log_in(oidc_console.client)).has_session


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "Ed25519"])
async def test_other_algorithms_of_public_keys_are_taken(
    oidc_console: Console, provider: FakeProvider, algorithm: str
) -> None:
    key = make_key(algorithm, "k2")
    provider.published.append(key)
    provider.sign = lambda claims: sign(claims, key, algorithm)

    assert (await log_in(oidc_console.client)).has_session


async def test_a_key_without_an_id_serves_where_there_is_one_and_no_more(provider: FakeProvider) -> None:
    provider.key = make_key(key_id=None)
    provider.published = [provider.key]
    async with run_oidc_console(provider, VERA) as console:
        assert (await log_in(console.client)).has_session
    provider.published = [provider.key, make_key(key_id=None)]
    async with run_oidc_console(provider, VERA) as console:
        assert_refused(await log_in(console.client), failed("id_token_key"))


# What the browser brings


@pytest.mark.parametrize("state", ["", "wrong", "\ufffd" * 50])
async def test_another_state_is_refused_before_the_provider_is_asked(
    oidc_console: Console, provider: FakeProvider, state: str
) -> None:
    await begin(oidc_console.client)
    reply = await come_back(oidc_console.client, f"/login/oidc/callback?code=c&state={state}")

    assert_refused(reply, LOST)
    assert provider.asked["/token"] == 0
    # The login that the browser has begun goes on: any page could have sent it here.
    assert FLOW_COOKIE not in reply.cookies


async def test_a_browser_that_did_not_begin_the_login_cannot_end_it(
    oidc_console: Console, provider: FakeProvider
) -> None:
    back = await pass_provider(await begin(oidc_console.client))
    async with another_browser(oidc_console) as victim:
        assert_refused(await come_back(victim, back), LOST)
        await begin(victim)
        assert_refused(await come_back(victim, back), LOST)

    assert provider.asked["/token"] == 0


@pytest.mark.parametrize("cookie", ["A" * 60, "not base64", "A" * 5000])
async def test_a_cookie_that_is_not_ours_is_none(oidc_console: Console, cookie: str) -> None:
    cookies = {FLOW_COOKIE: cookie}

    assert_refused(await come_back(oidc_console.client, "/login/oidc/callback?code=c&state=", cookies=cookies), LOST)


async def test_a_login_that_takes_longer_than_ten_minutes_is_over(provider: FakeProvider) -> None:
    times = [datetime.now(UTC)]
    async with run_oidc_console(provider, VERA, now=lambda: times[0]) as console:
        back = await pass_provider(await begin(console.client))
        times[0] += timedelta(seconds=FLOW_S)

        assert_refused(await come_back(console.client, back), LOST)


@pytest.mark.parametrize("twice", [False, True], ids=["a provider that takes codes once", "one that takes them twice"])
async def test_an_answer_that_is_played_again_lets_nobody_in(provider: FakeProvider, twice: bool) -> None:
    provider.takes_codes_twice = twice
    async with run_oidc_console(provider, VERA) as console:
        back = await pass_provider(await begin(console.client))
        (kept,) = [one.value for one in console.client.session.cookie_jar if one.key == FLOW_COOKIE]
        first = await come_back(console.client, back)
        # A copy of the cookie does not help, and the browser's own is gone.
        again = await come_back(console.client, back, cookies={FLOW_COOKIE: kept})
        without = await come_back(console.client, back)

    assert first.has_session
    assert first.cookies[FLOW_COOKIE] == ""
    assert_refused(again, LOST)
    assert_refused(without, LOST)
    assert provider.asked["/token"] == 1


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("error=access_denied", "Keycloak did not let you in, or you cancelled."),
        ("error=server_error&error_description=<b>Call+0900", failed("server_error")),
        ("error=Call+0900+123456+now", failed("an_error")),
        ("error=", failed("an_error")),
        ("", failed("no_code")),
        ("code=", failed("no_code")),
        (f"code={'c' * 5000}", failed("no_code")),
        ("code=c&iss=https://evil.example", failed("another_issuer")),
        ("code=made-up", failed("invalid_grant")),
    ],
)
async def test_an_error_is_told_in_words_of_ours(oidc_console: Console, query: str, words: str) -> None:
    state = URL(await begin(oidc_console.client)).query["state"]
    reply = await come_back(oidc_console.client, f"/login/oidc/callback?{query}&state={state}")

    assert_refused(reply, words)
    assert "0900" not in reply.text
    assert reply.cookies[FLOW_COOKIE] == ""


@pytest.mark.parametrize(
    "query",
    [
        "state=%ED%A0%80",
        "state=%FF&code=%00",
        "state&code&iss&error",
        "state=a&state=b",
        "%FF%FE",
        f"state={'s' * 7000}",
    ],
)
async def test_nonsense_is_an_answer_of_nobody(oidc_console: Console, query: str) -> None:
    await begin(oidc_console.client)
    path = URL(f"/login/oidc/callback?{query}", encoded=True)

    assert_refused(await come_back(oidc_console.client, path), LOST)


@pytest.mark.parametrize("part", ["code=%ED%A0%80", "code=%FF", "code=c%00", "error=%FF", "iss=%FF", "code=a&code=b"])
async def test_nonsense_beside_the_right_state_lets_nobody_in(oidc_console: Console, part: str) -> None:
    state = URL(await begin(oidc_console.client)).query["state"]
    path = URL(f"/login/oidc/callback?{part}&state={state}", encoded=True)

    assert_refused(await come_back(oidc_console.client, path), "The login with Keycloak failed (")


async def test_a_provider_that_names_itself_in_its_answers_must_do_so(provider: FakeProvider) -> None:
    provider.described = {"authorization_response_iss_parameter_supported": True}
    async with run_oidc_console(provider, VERA) as console:
        back = await pass_provider(await begin(console.client))
        assert_refused(await come_back(console.client, back), failed("another_issuer"))
        back = await pass_provider(await begin(console.client))

        assert (await come_back(console.client, f"{back}&iss={provider.issuer}")).has_session


async def test_who_tries_too_often_has_to_wait_and_the_provider_is_not_asked(
    oidc_console: Console, provider: FakeProvider
) -> None:
    provider.change = {"nonce": "another"}
    replies = [await log_in(oidc_console.client) for _ in range(CLIENT.guesses + 1)]
    provider.change = {}
    right = await log_in(oidc_console.client)

    assert [reply.status for reply in replies] == [403] * CLIENT.guesses + [429]
    assert_refused(right, "Too many wrong guesses.", 429)
    assert provider.asked["/token"] == CLIENT.guesses


async def test_a_browser_that_logged_in_so_before_has_an_allowance_of_its_own(
    oidc_console: Console, provider: FakeProvider
) -> None:
    assert (await log_in(oidc_console.client)).has_session
    provider.change = {"nonce": "another"}
    async with another_browser(oidc_console) as guesser:
        guesses = [(await log_in(guesser)).status for _ in range(CLIENT.guesses + 1)]
    provider.change = {}

    assert guesses[-1] == 429
    assert (await log_in(oidc_console.client)).has_session


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/login/oidc", "\x00", ""],
)
async def test_nobody_is_led_to_another_site(oidc_console: Console, wanted: str) -> None:
    reply = await log_in(oidc_console.client, wanted)

    assert 'content="0; url=/views/start"' in reply.text
    assert "evil" not in reply.text
