"""What a worker reports over its lifeline: a line of JSON on every change, and at least once a second. Pure.

The event loop that serves visitors sends it, so a worker without heartbeats serves nobody. The format must stay
compatible across releases: in a roll an older supervisor reads a newer worker.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

Heartbeat = Mapping[str, str | None]
"""A worker's readiness: each name with null, or with its problem in a few words."""

HEARTBEAT_S: Final = 1.0
"""The longest time between two heartbeats."""
WORKER: Final = "worker"
STOPPING: Final = "stopping"
"""The value of WORKER once it accepts no more connections and another worker must."""
DEGRADED: Final = ("journal", "kafka", "load")
"""Names whose problems leave a worker ready."""
LEAVE: Final = b"leave\n"
"""Sent by the supervisor: accept no more connections, and end."""


def write_heartbeat(heartbeat: Heartbeat) -> bytes:
    return msgspec.json.encode(heartbeat) + b"\n"


def read_heartbeat(line: bytes) -> Heartbeat:
    """Read a line; an unreadable line is a problem itself."""
    try:
        return msgspec.json.decode(line, type=dict[str, str | None])
    except msgspec.DecodeError:
        return {"report": "of another version"}


def is_stopping(heartbeat: Heartbeat) -> bool:
    return heartbeat.get(WORKER) == STOPPING


def find_problem(heartbeat: Heartbeat) -> str | None:
    """Give the reasons why a worker is not ready as one text, or null if it is ready."""
    return join({name: problem for name, problem in heartbeat.items() if name not in DEGRADED})


def find_degraded(heartbeat: Heartbeat) -> str | None:
    """Give what a worker works without as one text, or null."""
    return join({name: problem for name, problem in heartbeat.items() if name in DEGRADED})


def join(heartbeat: Heartbeat) -> str | None:
    return "; ".join(f"{name}: {problem}" for name, problem in heartbeat.items() if problem is not None) or None
