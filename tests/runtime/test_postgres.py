"""Connecting to PostgreSQL: every failure is an outage, or a setting that never works."""

import asyncio
from struct import pack
from urllib.parse import urlsplit

import pytest

from deploy.local.ports import free_port
from runtime.errors import SettingsError, Stuck
from runtime.postgres import PostgresAway, Session, connect, connected, is_pooled
from tests.waiting import PATIENCE_S

CANCEL = pack("!i", 80877102)
VERSION = b"server_version\0" + b"18.0\0"
# By which PostgreSQL lets a client in: AuthenticationOk, ParameterStatus, BackendKeyData, ReadyForQuery.
GREETING = b"".join(
    (
        *(b"R" + pack("!ii", 8, 0), b"S" + pack("!i", 4 + len(VERSION)) + VERSION),
        *(b"K" + pack("!iii", 12, 1, 1), b"Z" + pack("!ic", 5, b"I")),
    )
)
SESSION = Session(application="test", connect_s=10, statement_s=10, server_s=7, read_only=True)


@pytest.mark.servers
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"port": "{free_port}"}, "nothing listens at the address in the URL"),
        ({"host": "nowhere.invalid"}, "the host name in the URL cannot be resolved"),
        ({"password": "wrong"}, "password authentication failed"),
        ({"database": "wrong"}, 'database "wrong" does not exist'),
    ],
    ids=["nobody listens", "unknown host", "password", "database"],
)
async def test_who_cannot_be_reached_is_away(change: dict[str, str], words: str, postgres: str) -> None:
    with pytest.raises(PostgresAway, match=words) as caught:
        async with connected(changed(postgres, **change), SESSION):
            pass
    assert str(urlsplit(postgres).password) not in str(caught.value)


@pytest.mark.servers
async def test_an_option_that_the_server_does_not_know_never_works(postgres: str) -> None:
    with pytest.raises(Stuck, match='unrecognized configuration parameter "nonsense"'):
        async with connected(changed(postgres, options="?nonsense=1"), SESSION):
            pass


async def test_what_only_the_library_refuses_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGTARGETSESSIONATTRS", "secret")
    with pytest.raises(SettingsError, match="a PG\\* variable") as caught:
        async with connected(f"postgresql://u@127.0.0.1:{free_port()}/d", SESSION):
            pass
    assert "secret" not in str(caught.value)


@pytest.mark.servers
async def test_a_direct_connection_has_its_session_and_keeps_it(postgres: str) -> None:
    async with connected(postgres, SESSION) as connection:
        assert not is_pooled(connection)
        assert await connection.fetchval("SHOW statement_timeout") == "7s"
        assert await connection.fetchval("SHOW default_transaction_read_only") == "on"
        assert await connection.fetchval("SHOW application_name") == "test"


async def test_a_connection_whose_opening_is_cancelled_at_its_last_step_is_closed() -> None:
    is_asked, is_closed = asyncio.Event(), asyncio.Event()

    async def greet_and_fall_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big") - 4)
        if not request.startswith(CANCEL):
            writer.write(GREETING)
            await reader.readexactly(1)
            is_asked.set()
            await reader.read()
            is_closed.set()
        writer.close()

    async with await asyncio.start_server(greet_and_fall_silent, "127.0.0.1", 0) as server, asyncio.timeout(PATIENCE_S):
        port = server.sockets[0].getsockname()[1]
        session = Session(application="test", connect_s=PATIENCE_S, statement_s=2 * PATIENCE_S)
        opening = asyncio.create_task(connect(f"postgresql://u@127.0.0.1:{port}/d?sslmode=disable", session))
        await is_asked.wait()
        opening.cancel()
        await asyncio.wait({opening})
        # The task holds its frames, and with them what a collection would have closed.
        await is_closed.wait()
    assert opening.cancelled()


def changed(url: str, **change: str) -> str:
    """Give the URL with another port, host, password, database or options."""
    parts = urlsplit(url)
    given = {
        "user": parts.username,
        "password": parts.password,
        "host": parts.hostname,
        "port": parts.port,
        "database": parts.path[1:],
        "options": "",
    } | {name: value.format(free_port=free_port()) for name, value in change.items()}
    return "postgresql://{user}:{password}@{host}:{port}/{database}{options}".format(**given)
