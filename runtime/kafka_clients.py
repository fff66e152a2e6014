"""aiokafka's clients, mended for uvloop: whoever talks to Kafka takes them from here.

uvloop raises RuntimeError where asyncio only warns: when a connection is written to that was reset a moment ago.
aiokafka expects OSError there (aio-libs/aiokafka#1038, open). So the task ends that fetches, sends heartbeats or
refreshes metadata; nobody is told, and the client waits in its group, or for its leaders, for ever.
"""

from typing import Any

import aiokafka.conn
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

__all__ = ["AIOKafkaConsumer", "AIOKafkaProducer"]


class Connection(AIOKafkaConnection):  # type: ignore[misc]  # published without types
    """A connection on which a write that came too late is an error of the connection."""

    def send(self, request: Any, expect_response: bool = True) -> Any:  # noqa: FBT001, FBT002 - as its parent has it
        """As its parent's. Raises KafkaConnectionError when the connection is gone."""
        try:
            return super().send(request, expect_response)
        except RuntimeError as error:
            self.close(reason=CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(f"Connection at {self.host}:{self.port} broken: {error}") from error


# Clients make their connections by this name.
aiokafka.conn.AIOKafkaConnection = Connection
