"""The Redis client of all services: short timeouts, no retries, and a fix for uvloop.

uvloop raises RuntimeError, where asyncio does not, on a write to a connection that was just reset
(MagicStack/uvloop#506, open). redis-py expects OSError there, so any outage of Redis could end the process.
"""

from typing import Any, Final

import redis.asyncio
from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionBroken

REDIS_TIMEOUT_S: Final = 0.05


class PlainConnection(Connection):
    """A connection that raises ConnectionBroken on a write after a reset."""

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:  # noqa: FBT001, FBT002 - the signature of redis-py
        """Send as redis-py does. Raises ConnectionBroken when the connection was reset."""
        try:
            await super().send_packed_command(command, check_health)
        except RuntimeError as error:
            raise ConnectionBroken(f"Error while writing to socket. {error}") from error


class TlsConnection(PlainConnection, SSLConnection):
    """The same over TLS."""


FIXED_CONNECTIONS: Final[dict[type[AbstractConnection], type[AbstractConnection]]] = {
    Connection: PlainConnection,
    SSLConnection: TlsConnection,
}


def connect_redis(url: str, timeout_s: float = REDIS_TIMEOUT_S) -> redis.asyncio.Redis:
    """Make a client with a timeout and without retries. It connects at first use."""
    client = redis.asyncio.Redis.from_url(
        url,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
        # RESP2 needs no HELLO, which saves a round trip per connection.
        protocol=2,
    )
    pool = client.connection_pool
    pool.connection_class = FIXED_CONNECTIONS.get(pool.connection_class, pool.connection_class)
    return client
