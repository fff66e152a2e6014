"""A browser that goes to the provider and comes back, without a browser."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec
from aiohttp import ClientSession
from aiohttp.test_utils import TestClient
from yarl import URL

from console.auth.guard import SESSION_COOKIE
from console.auth.users import Account
from console.settings import Settings
from runtime.secret import Secret
from tests.console.auth.oidc.fake_provider import CLIENT_ID, CLIENT_SECRET
from tests.console.memory_tables import MemoryTables
from tests.console.running import Console, make_account, make_settings, run_console

ADDRESS = "http://127.0.0.1"
VERA = make_account("viewer", id="vera", login="vera@shop.example", name="Vera")


class AnyProvider(Protocol):
    """A provider that runs, ours or another's."""

    @property
    def issuer(self) -> str: ...


class Reply(msgspec.Struct, frozen=True):
    """What the console answered when the browser was back."""

    status: int
    text: str
    has_session: bool
    location: str | None
    cookies: dict[str, str]


def make_oidc_settings(provider: AnyProvider, **changes: Any) -> Settings:
    known: dict[str, Any] = {
        "url": ADDRESS,
        "oidc_issuer": provider.issuer,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": Secret(CLIENT_SECRET),
        "oidc_name": "Keycloak",
    }
    return make_settings(**known | changes)


@asynccontextmanager
async def run_oidc_console(
    provider: AnyProvider, *accounts: Account, changes: dict[str, Any] | None = None, **environment: Any
) -> AsyncIterator[Console]:
    """Run a console with this provider and these users; `changes` are of its settings."""
    tables = MemoryTables()
    tables.accounts |= {account.id: account for account in accounts}
    async with run_console(make_oidc_settings(provider, **(changes or {})), tables, **environment) as console:
        yield console


async def begin(client: TestClient, wanted: str = "") -> str:
    """Begin a login, and give the address of the provider's page."""
    async with client.get("/login/oidc", params={"next": wanted}, allow_redirects=False) as response:
        assert response.status == 303, await response.text()
        return response.headers["Location"]


async def pass_provider(address: str) -> str:
    """Be let in by the provider, and give the path and query that it leads back to."""
    async with ClientSession() as http, http.get(address, allow_redirects=False) as response:
        assert response.status == 302
        back = urlsplit(response.headers["Location"])
        return f"{back.path}?{back.query}"


async def come_back(client: TestClient, path: str | URL, **options: Any) -> Reply:
    async with client.get(path, allow_redirects=False, **options) as response:
        cookies = {name: morsel.value for name, morsel in response.cookies.items()}
        text, location = await response.text(), response.headers.get("Location")
        return Reply(response.status, text, SESSION_COOKIE in cookies, location, cookies)


async def log_in(client: TestClient, wanted: str = "") -> Reply:
    """Go all the way."""
    return await come_back(client, await pass_provider(await begin(client, wanted)))
