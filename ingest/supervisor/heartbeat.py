"""What a worker says of itself over its lifeline: a line of JSON whenever it changes, and once a second anyway. Pure.

Its event loop says it, between two visitors: a worker that falls silent answers nobody. The format outlives releases:
in a roll an older supervisor reads a newer worker.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

Report = Mapping[str, str | None]
"""What a worker's readiness consists of: each name with null, or with what is wrong in a few words."""

BEAT_S: Final = 1.0
"""How long a worker says nothing at most."""
WORKER: Final = "worker"
STOPPING: Final = "stopping"
"""What a worker says under that name from when it takes no more connections: somebody else has to."""
DEGRADED: Final = ("journal", "kafka")
"""What a worker is ready without."""
LEAVE: Final = b"leave\n"
"""What a supervisor says to its worker: to take no more connections from now on, and end."""


def write_report(report: Report) -> bytes:
    return msgspec.json.encode(report) + b"\n"


def read_report(line: bytes) -> Report:
    """Read a line; one that is no report is itself what is wrong."""
    try:
        return msgspec.json.decode(line, type=dict[str, str | None])
    except msgspec.DecodeError:
        return {"report": "of another version"}


def is_stopping(report: Report) -> bool:
    return report.get(WORKER) == STOPPING


def find_wrong(report: Report) -> str | None:
    """Say in one text why a worker is not ready, or null when it is."""
    return join({name: problem for name, problem in report.items() if name not in DEGRADED})


def find_degraded(report: Report) -> str | None:
    """Say in one text what a worker works without, or null when it has everything."""
    return join({name: problem for name, problem in report.items() if name in DEGRADED})


def join(report: Report) -> str | None:
    return "; ".join(f"{name}: {problem}" for name, problem in report.items() if problem is not None) or None
