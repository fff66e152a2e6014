"""`clickrail user`: users are added, listed, reset and disabled, and the audit log says that it was the command."""

import asyncio
import json
from datetime import UTC, datetime

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from cli.tables import apply_migrations
from console.auth.keys import digest_of
from console.auth.sessions import read_token

pytestmark = pytest.mark.servers


async def call(database_url: str, *arguments: str) -> Result:
    env = {"CLICKRAIL_DATABASE_URL": database_url, "CLICKRAIL_CONSOLE_URL": "https://ops.example/clickrail/"}
    return await asyncio.to_thread(CliRunner().invoke, app, ["user", *arguments], env=env)


def digest_in(link: str) -> bytes:
    token = read_token(link.strip().rpartition("/")[2])
    assert token
    return digest_of(token)


@pytest.fixture
async def connection(database_url: str):  # noqa: ANN201 - a fixture of asyncpg's connection, which has no types
    await apply_migrations(database_url)
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def test_a_user_is_added_with_a_link_and_listed(connection: asyncpg.Connection, database_url: str) -> None:
    added = await call(database_url, "add", "Vera@shop.example", "--name", "Vera", "--role", "editor")
    again = await call(database_url, "add", "vera@shop.example")
    listed = await call(database_url, "list", "--json")

    assert (added.exit_code, again.exit_code) == (0, 2), added.output
    assert added.stdout.startswith("https://ops.example/clickrail/invitation/")
    assert again.stderr == "clickrail: there is a user with this login name already\n"
    expires_at = await connection.fetchval(
        "SELECT expires_at FROM invitations WHERE token_sha256 = $1", digest_in(added.stdout)
    )
    assert 47 < (expires_at - datetime.now(UTC)).total_seconds() / 3600 <= 48
    assert [(one["login"], one["role"], one["state"]) for one in json.loads(listed.stdout)] == [
        ("owner", "owner", "active"),
        ("vera@shop.example", "editor", "invited"),
    ]


async def test_an_owner_who_is_locked_out_gets_a_link_and_the_old_password_needs_its_code_still(
    connection: asyncpg.Connection, database_url: str
) -> None:
    await connection.execute("UPDATE users SET totp_sealed = 'x' WHERE id = 'owner'")
    await connection.execute("INSERT INTO recovery_codes VALUES ('owner', $1)", b"r" * 32)
    reset = await call(database_url, "reset", "owner")

    assert reset.exit_code == 0, reset.output
    assert await connection.fetchval("SELECT user_id FROM invitations") == "owner"
    assert await connection.fetchval("SELECT token_sha256 FROM invitations") == digest_in(reset.stdout)
    assert await connection.fetchval("SELECT totp_sealed FROM users") == b"x"
    assert await connection.fetchval("SELECT count(*) FROM recovery_codes") == 1


async def test_a_user_is_disabled_at_once_but_never_the_last_owner(
    connection: asyncpg.Connection, database_url: str
) -> None:
    await call(database_url, "add", "vera", "--role", "viewer")
    results = [await call(database_url, "disable", login) for login in ("vera", "owner", "nobody")]

    assert [result.exit_code for result in results] == [0, 2, 2]
    assert results[1].stderr.startswith("clickrail: this is the last owner who can log in")
    assert results[2].stderr == "clickrail: there is no user 'nobody': `clickrail user list` shows them\n"
    assert await connection.fetchval("SELECT disabled_at IS NOT NULL FROM users WHERE login = 'vera'")


async def test_the_audit_log_says_that_it_was_the_command(connection: asyncpg.Connection, database_url: str) -> None:
    for arguments in (("add", "vera"), ("reset", "vera"), ("disable", "vera")):
        await call(database_url, *arguments)

    assert [tuple(row) for row in await connection.fetch("SELECT actor_kind, action, subject FROM audit_log")] == [
        ("cli", "user.invite", "user vera"),
        ("cli", "user.reset", "user vera"),
        ("cli", "user.disable", "user vera"),
    ]
