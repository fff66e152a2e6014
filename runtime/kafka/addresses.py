"""The form of the addresses of Kafka's brokers: checked when settings are read, before its client sees them. Pure."""

import re
from collections.abc import Iterable
from typing import Final

SERVER: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:(?P<port>\d{1,5}))?")
HIGHEST_PORT: Final = 65_535


def find_unfit_server(servers: Iterable[str]) -> str | None:
    """Say what is wrong with the first that is no `host`, `host:port` or `[address]:port`; null when all are."""
    for server in servers:
        match = SERVER.fullmatch(server)
        if match is None or not 1 <= int(match["port"] or 1) <= HIGHEST_PORT:
            return "each must be a host and a port, for example kafka-1:9092,kafka-2:9092"
    return None
