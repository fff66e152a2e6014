"""The Redis client of all services: short timeouts, no retries, one TLS context, failovers, and a fix for uvloop.

uvloop raises RuntimeError, where asyncio does not, on a write to a connection that was just reset
(MagicStack/uvloop#506, open). redis-py expects OSError there, so any outage of Redis could end the process.
"""

from typing import Any, Final

import redis.asyncio
from redis.asyncio.connection import (
    AbstractConnection,
    Connection,
    RedisSSLContext,
    SSLConnection,
    UnixDomainSocketConnection,
)
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionBroken
from redis.exceptions import ResponseError

from runtime.file_version import FileVersion, read_version
from runtime.redis_refusals import is_from_replica

REDIS_TIMEOUT_S: Final = 0.05


class FixedConnection(AbstractConnection):
    """A connection that raises ConnectionBroken on a write after a reset, and on an answer of a replica."""

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:  # noqa: FBT001, FBT002 - the signature of redis-py
        """Send as redis-py does. Raises ConnectionBroken when the connection was reset."""
        try:
            await super().send_packed_command(command, check_health)
        except RuntimeError as error:
            raise ConnectionBroken(f"Error while writing to socket. {error}") from error

    async def read_response(self, *arguments: Any, **options: Any) -> Any:
        """Read as redis-py does. Raises ConnectionBroken when the server has become a replica.

        After a failover the same address leads to another server, but an open connection does not: it must end.
        """
        try:
            return await super().read_response(*arguments, **options)
        except ResponseError as error:
            if not is_from_replica(error):
                raise
            await self.disconnect()
            raise ConnectionBroken("The server is a replica now.") from error


class PlainConnection(FixedConnection, Connection):
    """A fixed connection over TCP."""


class SocketConnection(FixedConnection, UnixDomainSocketConnection):
    """A fixed connection over a Unix socket."""


class SharedTls:
    """The TLS context of all connections of a client.

    redis-py makes one per connection: it reads all certificates of the system, for about 30 ms on the event loop.
    """

    def __init__(self, context: RedisSSLContext) -> None:
        """Read the certificates. Raises OSError when a file that the URL names cannot be used."""
        self._context = context
        self._versions = self._read_versions()
        context.get()

    def get(self) -> RedisSSLContext:
        """Return the context. It is made again when a file was replaced, and stays as it is if the new file is bad."""
        versions = self._read_versions()
        if versions != self._versions:
            self._versions = versions
            self._reload()
        return self._context

    def _reload(self) -> None:
        previous, self._context.context = self._context.context, None
        try:
            self._context.get()
        except (OSError, ValueError):
            self._context.context = previous

    def _read_versions(self) -> list[FileVersion]:
        names = (self._context.ca_certs, self._context.certfile, self._context.keyfile)
        return [read_version(name) for name in names if name]


class TlsConnection(FixedConnection, SSLConnection):
    """A fixed connection over TLS, with the context of its client."""

    def __init__(self, *, shared_tls: SharedTls, **options: Any) -> None:
        super().__init__(**options)
        self._shared_tls = shared_tls

    def _connection_arguments(self) -> Any:
        self.ssl_context = self._shared_tls.get()
        return super()._connection_arguments()


FIXED_CONNECTIONS: Final[dict[type[AbstractConnection], type[AbstractConnection]]] = {
    Connection: PlainConnection,
    SSLConnection: TlsConnection,
    UnixDomainSocketConnection: SocketConnection,
}


def connect_redis(url: str, timeout_s: float = REDIS_TIMEOUT_S) -> redis.asyncio.Redis:
    """Make a client with a timeout and without retries. It connects at first use.

    Raises OSError when a TLS file that the URL names cannot be used.
    """
    client = redis.asyncio.Redis.from_url(
        url,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
        # RESP2 needs no HELLO, which saves a round trip per connection.
        protocol=2,
    )
    pool = client.connection_pool
    if pool.connection_class is SSLConnection:
        connection = pool.make_connection()  # type: ignore[no-untyped-call] # redis-py has no types for it
        pool.connection_kwargs["shared_tls"] = SharedTls(connection.ssl_context)
    pool.connection_class = FIXED_CONNECTIONS[pool.connection_class]
    return client
