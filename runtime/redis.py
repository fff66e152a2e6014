"""Redis's client, made to give up soon, and mended for uvloop: whoever talks to Redis takes it from here.

uvloop raises RuntimeError where asyncio does not: when a connection is written to that was reset a moment ago
(MagicStack/uvloop#506, open). redis-py expects OSError there, so every outage of Redis could end the process.
"""

from typing import Any, Final

import redis.asyncio
from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionBroken

REDIS_TIMEOUT_S: Final = 0.05


class PlainConnection(Connection):
    """A connection on which a write that came too late is an error of the connection."""

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:  # noqa: FBT001, FBT002 - as its parent has it
        """As its parent's. Raises ConnectionBroken when the connection is gone."""
        try:
            await super().send_packed_command(command, check_health)
        except RuntimeError as error:
            raise ConnectionBroken(f"Error while writing to socket. {error}") from error


class TlsConnection(PlainConnection, SSLConnection):
    """The same, encrypted."""


FIXED_CONNECTIONS: Final[dict[type[AbstractConnection], type[AbstractConnection]]] = {
    Connection: PlainConnection,
    SSLConnection: TlsConnection,
}


def connect_redis(url: str, timeout_s: float = REDIS_TIMEOUT_S) -> redis.asyncio.Redis:
    """Give a client that waits so long at most and tries nothing twice. Connects at first use."""
    client = redis.asyncio.Redis.from_url(
        url,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
        # The older protocol needs no greeting, so that a new connection costs one round trip less.
        protocol=2,
    )
    pool = client.connection_pool
    pool.connection_class = FIXED_CONNECTIONS.get(pool.connection_class, pool.connection_class)
    return client
