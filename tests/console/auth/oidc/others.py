"""Providers that others have written, as real programs: they may do what ours does not."""

import asyncio
import json
import re
import zipfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from html import unescape
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import msgspec
from aiohttp import ClientConnectionError, ClientSession, CookieJar
from joserfc.jwk import Key
from yarl import URL

from deploy.local.npm import install_npm, node
from deploy.local.ports import free_port
from deploy.local.progress import silent
from deploy.local.server import ServerPlan, running
from tests.console.auth.oidc.fake_provider import CLIENT_ID, CLIENT_SECRET
from tests.console.auth.oidc.round_trip import ADDRESS

HERE: Final = Path(__file__).parent
CALLBACK: Final = f"{ADDRESS}/login/oidc/callback"
SLOWEST_START_S: Final = 300
ACTION: Final = re.compile(r'<form[^>]* action="([^"]+)"')
HIDDEN: Final = re.compile(r'<input type="hidden" name="(\w+)" value="(\w*)"')
MOST_PAGES: Final = 10

People = Mapping[str, Mapping[str, Any]]
"""Claims by login name."""


class Other(msgspec.Struct, frozen=True):
    """A provider that runs."""

    issuer: str


class Certified(msgspec.Struct, frozen=True, kw_only=True):
    """How the certified provider is set up. One that `conforms` tells a person's address at its userinfo alone."""

    keys: tuple[Key, ...]
    algorithm: str = "RS256"
    authentication: str = "client_secret_basic"
    conforms: bool = True


@asynccontextmanager
async def run_certified(setup: Certified, people: People, folder: Path, cache: Path) -> AsyncIterator[Other]:
    """Run panva/node-oidc-provider, which is certified by the OpenID Foundation.

    Anybody can log in there by any name, with any password; those of `people` have claims.
    """
    packages = await install_npm("oidc-provider", "an OpenID Connect provider", cache, silent, HERE / "npm")
    port = free_port()
    issuer = f"http://localhost:{port}"
    asked = {
        "packages": str(packages),
        "issuer": issuer,
        "port": port,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uri": CALLBACK,
        "algorithm": setup.algorithm,
        "authentication": setup.authentication,
        "conforms": setup.conforms,
        "keys": [key.as_dict(private=True) for key in setup.keys],
        "people": people,
    }
    command = node(str(HERE / "certified.mjs"), json.dumps(asked))
    async with running(plan_provider("oidc-provider", command, issuer, folder)):
        yield Other(issuer)


def plan_provider(
    name: str, command: tuple[str, ...], issuer: str, folder: Path, environ: Mapping[str, str] | None = None
) -> ServerPlan:
    async def is_there() -> bool:
        try:
            async with ClientSession() as http, http.get(f"{issuer}/.well-known/openid-configuration") as response:
                return response.ok
        except ClientConnectionError:
            return False

    return ServerPlan(
        name=name,
        command=command,
        address=issuer,
        port=urlsplit(issuer).port or 80,
        folder=folder,
        log=folder / f"{name}.log",
        ready=is_there,
        environ=environ,
        start_seconds=SLOWEST_START_S,
        stop_seconds=10,
    )


async def pass_pages(address: str, typed: Mapping[str, str]) -> str:
    """Fill in each form of a provider with what it has hidden and what is typed, and give where it leads back to."""
    form: dict[str, str] | None = None
    # As browsers do: cookies that are marked as secure go over plain HTTP to this machine.
    jar = CookieJar(treat_as_secure_origin=URL(address).origin())
    async with ClientSession(cookie_jar=jar) as http:
        for _ in range(MOST_PAGES):
            method = "GET" if form is None else "POST"
            async with http.request(method, address, data=form, allow_redirects=False) as response:
                page = await response.text()
            if location := response.headers.get("Location"):
                address, form = urljoin(address, location), None
            elif action := ACTION.search(page):
                address, form = urljoin(address, unescape(action[1])), {**dict(HIDDEN.findall(page)), **typed}
            else:
                raise AssertionError(f"neither a form nor a way on: {response.status} {page}")
            if address.startswith(CALLBACK):
                back = urlsplit(address)
                return f"{back.path}?{back.query}"
    raise AssertionError(f"no end of pages: {address}")


@asynccontextmanager
async def run_keycloak(archive: Path, people: People, folder: Path) -> AsyncIterator[Other]:
    """Run the Keycloak of a `keycloak-*.zip`, whose realm has those people, each with `any` as password.

    It needs a Java that it finds by itself, and takes from half a minute to minutes to start.
    """
    home = await asyncio.to_thread(unpack, archive, folder, make_realm(people))
    port = free_port()
    root = f"http://localhost:{port}"
    options = ("--db=dev-mem", f"--http-port={port}", f"--http-management-port={free_port()}", "--http-host=127.0.0.1")
    command = ("/bin/sh", str(home / "bin" / "kc.sh"), "start-dev", "--import-realm", *options)
    plan = plan_provider("Keycloak", command, f"{root}/realms/shop", folder)
    async with running(plan):
        yield Other(plan.address)


def unpack(archive: Path, folder: Path, realm: Mapping[str, Any]) -> Path:
    """Unpack a Keycloak, lay a realm where it looks for one, and give its home."""
    with zipfile.ZipFile(archive) as files:
        files.extractall(folder)
    home = next(folder.glob("keycloak-*"))
    wanted = home / "data" / "import" / "shop-realm.json"
    wanted.parent.mkdir(parents=True)
    wanted.write_text(json.dumps(realm))
    return home


def make_realm(people: People) -> dict[str, Any]:
    client = {
        "clientId": CLIENT_ID,
        "secret": CLIENT_SECRET,
        "redirectUris": [CALLBACK],
        "attributes": {"pkce.code.challenge.method": "S256"},
    }
    users = [
        {
            "username": login,
            "enabled": True,
            "email": claims["email"],
            "emailVerified": claims["email_verified"],
            "firstName": claims["name"],
            "lastName": "of the shop",
            "credentials": [{"type": "password", "value": "any"}],
        }
        for login, claims in people.items()
    ]
    return {"realm": "shop", "enabled": True, "sslRequired": "none", "clients": [client], "users": users}
