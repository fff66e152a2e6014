"""Ports on the loopback address: whether one is free, and which one is."""

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


class Wanted(msgspec.Struct, frozen=True):
    """A port that a server is to listen on, as a setting says; 0 takes a free one.

    Of `count` ports in a row it is the first.
    """

    server: str
    setting: str
    port: int
    count: int = 1

    @property
    def ports(self) -> range:
        return range(self.port, self.port + self.count) if self.port else range(0)


def require_free(wanted: Sequence[Wanted]) -> None:
    """Look at all ports at once. Raises PortGivenTwice, or PortTaken with every port that somebody listens on."""
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
    """Give the port itself, or where it is 0, the first of so many free ones in a row."""
    if wanted.port:
        return wanted.port
    while True:
        first = free_port()
        if all(take(port) and is_free(port) for port in range(first + 1, first + wanted.count)):
            return first


def holder_of(port: int) -> str:
    """Say who listens on a port, as far as this account may know."""
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("inet"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f"process {connection.pid}, {psutil.Process(connection.pid).name()}"
    return "another program"


def wanted_ports(settings: LocalSettings) -> list[Wanted]:
    """Give the ports of the servers."""
    return [Wanted(server, variable(field), getattr(settings, field)) for field, server in SERVERS.items()]


def settle_ports(settings: LocalSettings) -> LocalSettings:
    """Give settings in which every 0 is a free port. Raises PortGivenTwice, PortTaken."""
    wanted = wanted_ports(settings)
    require_free(wanted)
    return msgspec.structs.replace(settings, **dict(zip(SERVERS, map(choose_port, wanted), strict=True)))
