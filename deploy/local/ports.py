"""Ports on the loopback address: whether one is free, and which one is."""

import fcntl
import functools
import os
import random
import socket
import tempfile
from itertools import cycle
from pathlib import Path
from typing import Final

import msgspec

from deploy.local.errors import PortTaken
from deploy.local.settings import LocalSettings, variable

HOST: Final = "127.0.0.1"

# Below the range that outgoing connections take their ports from. In it, a client that retries while a server is
# down can be given the server's own port, connect to itself, and keep the server from coming back.
LOWEST: Final = 20_000
HIGHEST: Final = 32_000
# In an order of each process's own, so that processes beside each other seldom ask for the same one.
DRAWN: Final = cycle(random.sample(range(LOWEST, HIGHEST), HIGHEST - LOWEST))

SERVERS: Final = {
    "kafka_port": "Kafka",
    "kafka_controller_port": "Kafka's controller",
    "postgres_port": "PostgreSQL",
    "valkey_port": "Valkey",
}


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do: connections that linger from an earlier run do not make a port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """Give a port that nobody listens on now, and that no process of this account has been given, this one included.

    A port stays free until its server has started: given out again, it would be promised to two servers.
    """
    return next(port for port in DRAWN if take(port) and is_free(port))


def take(port: int) -> bool:
    """Promise a port to this process until it ends; false when another process has it."""
    try:
        # The byte at that place, which need not exist. The kernel gives it back when this process is gone.
        fcntl.lockf(promises(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


@functools.cache
def promises() -> int:
    """Open the file whose bytes stand for ports. It is never closed: that would give back every port taken in it."""
    path = Path(tempfile.gettempdir(), f"clickrail-ports-{os.getuid()}")
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def settle_ports(settings: LocalSettings) -> LocalSettings:
    """Give settings in which every 0 is a free port. Raises PortTaken when a port that is set is not free."""
    chosen: dict[str, int] = {}
    for field, server in SERVERS.items():
        port: int = getattr(settings, field)
        if port and not is_free(port):
            raise PortTaken(server, port, variable(field))
        chosen[field] = port or free_port()
    return msgspec.structs.replace(settings, **chosen)
