"""Finds and reserves free ports on the loopback address."""

import contextlib
import fcntl
import functools
import os
import random
import socket
import tempfile
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Final

import msgspec
import psutil

from deploy.local.errors import PortGivenTwice, PortTaken
from deploy.local.settings import LocalSettings, variable

HOST: Final = "127.0.0.1"

# Below the range of ephemeral ports. In that range, a client that retries while a server is down can get the server's
# own port, connect to itself, and keep the server from starting again.
LOWEST: Final = 20_000
HIGHEST: Final = 32_000
# In random order, so that processes that run at the same time seldom ask for the same port.
DRAWN: Final = cycle(random.sample(range(LOWEST, HIGHEST), HIGHEST - LOWEST))

SERVERS: Final = {
    "kafka_port": "Kafka",
    "kafka_controller_port": "Kafka's controller",
    "postgres_port": "PostgreSQL",
    "valkey_port": "Valkey",
}


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do: connections in TIME_WAIT from an earlier run do not occupy the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """Return a port that is free and that no process of this account has reserved, this process included.

    A port stays free until its server has started, so without a reservation two servers could get the same one.
    """
    return next(port for port in DRAWN if reserve(port) and is_free(port))


def reserve(port: int) -> bool:
    """Reserve a port for this process until it ends; false if it is reserved already."""
    try:
        # Lock the byte at that offset, which need not exist. The kernel releases it when this process ends.
        fcntl.lockf(promises(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


@functools.cache
def promises() -> int:
    """Open the file whose byte n is the lock of port n. It is never closed: that would release all locks."""
    path = Path(tempfile.gettempdir(), f"clickrail-ports-{os.getuid()}")
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


class Wanted(msgspec.Struct, frozen=True):
    """A port setting of a server: the first of `count` ports in a row; 0: choose free ones."""

    server: str
    setting: str
    port: int
    count: int = 1

    @property
    def ports(self) -> range:
        return range(self.port, self.port + self.count) if self.port else range(0)


def require_free(wanted: Sequence[Wanted]) -> None:
    """Check all ports. Raises PortGivenTwice, or PortTaken with every port that is taken."""
    settings: dict[int, str] = {}
    for each in wanted:
        for port in each.ports:
            if port in settings:
                raise PortGivenTwice(port, (settings[port], each.setting))
            settings[port] = each.setting
    taken = [(each, port) for each in wanted for port in each.ports if not is_free(port)]
    if taken:
        raise PortTaken(*((each.server, port, each.setting, holder_of(port)) for each, port in taken))


def choose_port(wanted: Wanted) -> int:
    """Return the port; if it is 0, the first of `count` free ports in a row."""
    if wanted.port:
        return wanted.port
    while True:
        first = free_port()
        if all(reserve(port) and is_free(port) for port in range(first + 1, first + wanted.count)):
            return first


def holder_of(port: int) -> str:
    """Say which program listens on a port, as far as this account may see it."""
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("inet"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f"process {connection.pid}, {psutil.Process(connection.pid).name()}"
    return "another program"


def wanted_ports(settings: LocalSettings) -> list[Wanted]:
    """Return the port settings of the servers."""
    return [Wanted(server, variable(field), getattr(settings, field)) for field, server in SERVERS.items()]


def settle_ports(settings: LocalSettings) -> LocalSettings:
    """Return the settings with a free port in place of every 0. Raises PortGivenTwice, PortTaken."""
    wanted = wanted_ports(settings)
    require_free(wanted)
    return msgspec.structs.replace(settings, **dict(zip(SERVERS, map(choose_port, wanted), strict=True)))
