"""A console to test: the production application, in this process, on a free port."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import msgspec
from aiohttp.test_utils import TestClient, TestServer

from console.auth.guard import SESSION_COOKIE
from console.auth.login_parts import LoginStorage, make_login, read_password
from console.auth.passwords import GuessCost
from console.auth.roles import Role
from console.auth.sessions import TOKEN_BYTES, NewLogin, write_token
from console.auth.users import Account
from console.environment import Environment, open_environment
from console.settings import Settings
from console.web.routes import make_app
from runtime.secret import Secret
from tests.console.builders import NOW
from tests.console.memory_tables import MemoryTables
from tests.waiting import PATIENCE_S

PASSWORD = "correct horse"
CHEAP = GuessCost(memory_kib=8, passes=1)
"""The price of a guess is tested on its own, in auth/test_passwords.py."""


def make_settings(**changes: Any) -> Settings:
    """Give settings whose servers are not there, with these changes."""
    known: dict[str, Any] = {
        "kafka_bootstrap_servers": ("127.0.0.1:1",),
        "database_url": Secret("postgresql://nobody@127.0.0.1:1/nothing"),
        "public_url": "https://go.shop.example",
        "password": Secret(PASSWORD),
        "port": 0,
        "private_port": 0,
    }
    return Settings(**known | changes)


def make_account(role: Role, **changes: Any) -> Account:
    """Give a user with this role: one of affiliates belongs to `ann`."""
    known: dict[str, Any] = {
        "id": role,
        "login": role,
        "name": role.title(),
        "role": role,
        "affiliate_id": "ann" if role == "affiliate" else None,
        "created_at": NOW,
    }
    return Account(**known | changes)


async def add_account(connection: Any, account: Account) -> None:
    await connection.execute(
        "INSERT INTO users (id, login, name, role, affiliate_id, password_hash, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        *(account.id, account.login, account.name, account.role, account.affiliate_id),
        *(account.password_hash, account.created_at),
    )


class Console(msgspec.Struct, frozen=True):
    """A running console and a client of its page."""

    environment: Environment
    client: TestClient
    tables: MemoryTables | None = None

    async def log_in(self, role: Role = "owner") -> None:
        """Log the client in: the owner by the form, others by a session that is begun for them."""
        if role != "owner":
            # In the place of a cookie that is there already.
            cookies = {SESSION_COOKIE: await self.begin_session(role)}
            self.client.session.cookie_jar.update_cookies(cookies, self.client.make_url("/"))
            return
        async with self.client.post(
            "/login", data={"login": "owner", "password": PASSWORD}, allow_redirects=False
        ) as response:
            assert response.status == 303

    async def begin_session(self, role: Role) -> str:
        """Begin a session of a user with this role, whose id and login name it is, and give its cookie."""
        account = make_account(role)
        if self.tables is not None:
            self.tables.accounts[account.id] = account
        else:
            await self.environment.accounts.write(lambda connection: add_account(connection, account))
        token = secrets.token_bytes(TOKEN_BYTES)
        now = self.environment.now()
        await self.environment.login.sessions.begin(NewLogin(account.user), token, now, timedelta(hours=1))
        return write_token(token)

    async def read(self, path: str) -> str:
        async with self.client.get(path) as response:
            return await response.text()

    async def read_csrf(self) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', await self.read("/clicks"))
        assert found
        return found[1]

    async def wait_until_live(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while self.environment.live.problem is not None:
                await asyncio.sleep(0.02)

    @property
    def address(self) -> str:
        return str(self.client.make_url("/")).rstrip("/")


def store_in(tables: MemoryTables) -> LoginStorage:
    return LoginStorage(sessions=tables, failures=tables, accounts=tables, keys=tables)


@asynccontextmanager
async def run_console(settings: Settings, tables: MemoryTables | None = None, **changes: Any) -> AsyncIterator[Console]:
    """Run a console; with `tables`, one whose login works without a server. `changes` are of its environment."""
    async with open_environment(settings, CHEAP) as environment:
        if tables is not None:
            changes["login"] = make_login(read_password(settings, CHEAP), store_in(tables))
        environment = msgspec.structs.replace(environment, **changes)  # noqa: PLW2901 - the one to test
        client = TestClient(TestServer(make_app(environment), port=settings.port or None))
        try:
            await client.start_server()
            yield Console(environment, client, tables)
        finally:
            environment.broadcast.close()
            await client.close()
