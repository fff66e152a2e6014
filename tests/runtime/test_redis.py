"""Redis's client on the loop that the services run on."""

import asyncio
import random
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis.asyncio
import uvloop
from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection, UnixDomainSocketConnection

from referrals.lookup.redis_requests import AWAY
from runtime.redis import FIXED_CONNECTIONS, FixedConnection, connect_redis
from runtime.task_scope import cancel
from tests.faults.proxy import Proxy
from tests.security.certificates import Authority, make_authority, write_signed

PATIENT_S = 20.0


@pytest.mark.servers
@pytest.mark.slow
def test_connections_that_are_reset_are_errors_of_redis_and_nothing_worse(valkey: str) -> None:
    address = urlsplit(valkey)
    assert address.port

    async def ask(proxy: Proxy) -> Counter[str]:
        heard: Counter[str] = Counter()
        client = connect_redis(f"redis://{proxy.address}/0")

        async def ask_on() -> None:
            while True:
                try:
                    await client.mget(["a", "b"])
                    heard["answered"] += 1
                except AWAY:
                    heard["away"] += 1
                await asyncio.sleep(0.002)

        asking = [asyncio.create_task(ask_on()) for _ in range(4)]
        for _ in range(50):
            await asyncio.sleep(random.uniform(0.01, 0.03))
            await asyncio.to_thread(proxy.reset)
        # A task that has ended has met what it did not expect.
        heard["worse"] = sum(task.done() for task in asking)
        await cancel(asking)
        await client.aclose()
        return heard

    with Proxy("127.0.0.1", address.port) as proxy:
        heard = uvloop.run(ask(proxy))
    assert (heard["worse"], heard["answered"] > 50, heard["away"] > 10) == (0, True, True)


@pytest.mark.parametrize("kind", [Connection, SSLConnection, UnixDomainSocketConnection])
def test_connections_of_every_kind_are_fixed(kind: type[AbstractConnection]) -> None:
    fixed = FIXED_CONNECTIONS[kind]
    assert issubclass(fixed, FixedConnection)
    assert issubclass(fixed, kind)
    assert fixed.send_packed_command is FixedConnection.send_packed_command


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "rediss://127.0.0.1:1/0", "unix:///nowhere/redis.sock"])
def test_every_url_makes_fixed_connections(url: str) -> None:
    assert issubclass(connect_redis(url).connection_pool.connection_class, FixedConnection)


async def answer_pong(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while await reader.read(65_536):
            writer.write(b"+PONG\r\n")
            await writer.drain()
    writer.close()


@asynccontextmanager
async def pong_server(folder: Path, authority: Authority) -> AsyncIterator[str]:
    """Run a TLS server that `authority` vouches for; yield a URL that trusts the file `ca.crt` of the folder."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*write_signed(authority, folder, "server"))
    server = await asyncio.start_server(answer_pong, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield f"rediss://127.0.0.1:{server.sockets[0].getsockname()[1]}/0?ssl_ca_certs={folder / 'ca.crt'}"


async def ping_once(client: redis.asyncio.Redis) -> bool:
    """Ping over a new connection; return whether Redis answered."""
    await client.connection_pool.disconnect()
    try:
        return bool(await client.ping())
    except AWAY:
        return False


async def test_all_encrypted_connections_of_a_client_share_one_tls_context(tmp_path: Path) -> None:
    authority = make_authority("ours")
    authority.write(tmp_path / "ca.crt")
    async with pong_server(tmp_path, authority) as url:
        client = connect_redis(url, PATIENT_S)
        pool = client.connection_pool
        made = [await pool.get_connection() for _ in range(3)]  # type: ignore[no-untyped-call] # redis-py has no types for it
        contexts = {id(connection.ssl_context.get()) for connection in made}
        for connection in made:
            await pool.release(connection)
        await client.aclose()
    assert len(contexts) == 1


async def test_a_replaced_certificate_file_is_used_by_the_next_connection(tmp_path: Path) -> None:
    authority, other = make_authority("ours"), make_authority("other")
    trusted = other.write(tmp_path / "ca.crt")
    async with pong_server(tmp_path, authority) as url:
        client = connect_redis(url, PATIENT_S)
        answered = [await ping_once(client)]
        replace(trusted, authority)
        answered.append(await ping_once(client))
        trusted.write_text("This is not PEM.")
        answered.append(await ping_once(client))
        trusted.unlink()
        answered.append(await ping_once(client))
        replace(trusted, other)
        answered.append(await ping_once(client))
        await client.aclose()
    # With a bad or a missing file, the last good one counts.
    assert answered == [False, True, True, True, False]


def replace(trusted: Path, authority: Authority) -> None:
    authority.write(trusted.with_suffix(".new")).replace(trusted)
