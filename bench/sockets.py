"""Bytes that processes have sent and received on the connections they have open, as the kernel counts them (`ss`)."""

import re
import subprocess
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final

import msgspec

COMMAND: Final = ("ss", "-tinHpO", "state", "established")
PORT: Final = re.compile(r"(\d+)\s")
PROCESS: Final = re.compile(r"pid=(\d+)")
SENT: Final = re.compile(r"bytes_sent:(\d+)")
RECEIVED: Final = re.compile(r"bytes_received:(\d+)")


class Traffic(msgspec.Struct, frozen=True):
    """Bytes of one process to and from one server."""

    sent: int = 0
    received: int = 0


def read_traffic(pids: Collection[int], servers: Mapping[int, str]) -> dict[str, Traffic]:
    """Give the traffic of processes with each server, which is known by its port. Raises FileNotFoundError without ss.

    Connections that have been closed are not counted.
    """
    output = subprocess.run(COMMAND, capture_output=True, text=True, check=True).stdout
    return sum_traffic(output, pids, servers)


def sum_traffic(output: str, pids: Collection[int], servers: Mapping[int, str]) -> dict[str, Traffic]:
    """As `read_traffic`, of the output of ss. Pure."""
    sent, received = Counter[str](), Counter[str]()
    for line in output.splitlines():
        process = PROCESS.search(line)
        # Columns: two queues, the own address, the other's.
        port = PORT.search(f"{line.split()[3]} ".rpartition(":")[2])
        name = servers.get(int(port[1])) if port else None
        if process and int(process[1]) in pids and name:
            sent[name] += number(SENT, line)
            received[name] += number(RECEIVED, line)
    return {name: Traffic(sent[name], received[name]) for name in servers.values()}


def number(pattern: re.Pattern[str], line: str) -> int:
    found = pattern.search(line)
    return int(found[1]) if found else 0
