"""A small OpenID Connect provider with real keys. It checks what it is sent, and can be made to misbehave."""

import base64
import hashlib
import json
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache
from typing import Any
from urllib.parse import unquote_plus, urlencode

from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jws
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from console.auth.oidc.id_tokens import REGISTRY

CLIENT_ID = "clickrail"
CLIENT_SECRET = "open: sesame"
VERA = {"sub": "f3a1", "email": "vera@shop.example", "email_verified": True, "name": "Vera Viewer"}

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_key(algorithm: str = "RS256", key_id: str | None = "k1") -> Key:
    parameters: Any = {"use": "sig"} | ({"kid": key_id} if key_id else {})
    match algorithm:
        case "RS256":
            return RSAKey.generate_key(2048, parameters)
        case "ES256":
            return ECKey.generate_key("P-256", parameters)
        case _:
            return OKPKey.generate_key("Ed25519", parameters)


@cache
def make_first_key() -> Key:
    """Make the key of all providers, once: it takes long."""
    return make_key()


def sign(claims: dict[str, Any], key: Key, algorithm: str = "RS256") -> str:
    header = {"alg": algorithm} | ({"kid": key.kid} if "kid" in key.keys() else {})  # noqa: SIM118 - a key is no dict
    # Not by `jwt.encode`, which cannot write a lone surrogate.
    return jws.serialize_compact(header, json.dumps(claims), key, registry=REGISTRY)


class FakeProvider:
    """`person` is who is logged in there. `change` alters the claims, `sign` signs them, `answers` replaces a page.

    `asks`: it has a page of its own, which a browser must answer.
    """

    def __init__(self) -> None:
        self.issuer = ""
        self.key = make_first_key()
        self.published = [self.key]
        self.person: dict[str, Any] = dict(VERA)
        self.userinfo: dict[str, Any] | None = None
        self.change: dict[str, Any] = {}
        self.sign: Callable[[dict[str, Any]], str] = lambda claims: sign(claims, self.key)
        self.described: dict[str, Any] = {}
        self.answers: dict[str, Answer] = {}
        self.takes_codes_twice = False
        self.asks = False
        self.asked: Counter[str] = Counter()
        self.problems: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}

    def make_app(self) -> web.Application:
        app = web.Application()
        pages = {
            "/.well-known/openid-configuration": self._describe,
            "/authorize": self._authorize,
            "/token": self._token,
            "/keys": self._keys,
            "/userinfo": self._userinfo,
        }
        for path, page in pages.items():
            app.router.add_route("*", path, self._answer(path, page))
        return app

    def _answer(self, path: str, page: Answer) -> Answer:
        async def answer(request: web.Request) -> web.StreamResponse:
            self.asked[path] += 1
            return await self.answers.get(path, page)(request)

        return answer

    async def _describe(self, _: web.Request) -> web.Response:
        known = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
        }
        return web.json_response(known | self.described)

    async def _authorize(self, request: web.Request) -> web.Response:
        """Let the person in: without a word, as where somebody is logged in already, or when a button is pressed."""
        if self.asks and request.method == "GET":
            form = '<form method="post"><button>Let me in</button></form>'
            return web.Response(text=f"<!doctype html><title>Provider</title>{form}", content_type="text/html")
        asked = dict(request.query)
        self._expect(asked.get("response_type") == "code", "response_type")
        self._expect(asked.get("client_id") == CLIENT_ID, "client_id")
        self._expect("openid" in asked.get("scope", "").split(), "scope")
        self._expect(asked.get("code_challenge_method") == "S256", "code_challenge_method")
        code = secrets.token_urlsafe(12)
        self._codes[code] = asked
        back = urlencode({"code": code, "state": asked["state"]})
        return web.Response(status=302, headers={"Location": f"{asked['redirect_uri']}?{back}"})

    async def _token(self, request: web.Request) -> web.Response:
        form = dict(await request.post())
        asked = self._codes.get(str(form.get("code")))
        if asked is None:
            return web.json_response({"error": "invalid_grant"}, status=400)
        if not self.takes_codes_twice:
            del self._codes[str(form["code"])]
        if not self._is_client(request, form):
            return web.json_response({"error": "invalid_client"}, status=401)
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        self._expect(base64.urlsafe_b64encode(digest).decode().rstrip("=") == asked["code_challenge"], "verifier")
        self._expect(form.get("redirect_uri") == asked["redirect_uri"], "redirect_uri")
        token = self.sign(self._make_claims(asked["nonce"]))
        return web.json_response({"id_token": token, "access_token": "at", "token_type": "Bearer"})

    def _is_client(self, request: web.Request, form: dict[str, Any]) -> bool:
        if self.described.get("token_endpoint_auth_methods_supported") == ["client_secret_post"]:
            return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        name, _, secret = base64.b64decode(given).decode().partition(":")
        return (scheme, name, unquote_plus(secret)) == ("Basic", CLIENT_ID, CLIENT_SECRET)

    def _make_claims(self, nonce: str) -> dict[str, Any]:
        now = int(time.time())
        known = {"iss": self.issuer, "aud": CLIENT_ID, "exp": now + 300, "iat": now, "nonce": nonce}
        claims = known | self.person | self.change
        return {name: value for name, value in claims.items() if value is not None}

    async def _keys(self, _: web.Request) -> web.Response:
        return web.json_response({"keys": [key.as_dict(private=False) for key in self.published]})

    async def _userinfo(self, request: web.Request) -> web.Response:
        self._expect(request.headers.get("Authorization") == "Bearer at", "access token")
        return web.json_response(self.userinfo or {})

    def _expect(self, fits: bool, what: str) -> None:
        if not fits:
            self.problems.append(what)


@asynccontextmanager
async def run_provider(port: int | None = None) -> AsyncIterator[FakeProvider]:
    """Run a provider; its issuer is its address. What it was sent wrongly fails the test."""
    provider = FakeProvider()
    server = TestServer(provider.make_app(), port=port)
    await server.start_server()
    provider.issuer = str(server.make_url("/")).rstrip("/")
    try:
        yield provider
    finally:
        await server.close()
    assert provider.problems == []
