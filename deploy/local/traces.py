"""Files in a running server's folder with which a later run can end it: its process id, and its stop signal.

`pid` holds one number and nothing else: people write `kill $(cat .local/kafka/pid)`.
"""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

PID: Final = "pid"
STOP_SIGNAL: Final = "stop-signal"


class Trace(msgspec.Struct, frozen=True):
    """A server that ran in `folder`. It may have ended, and another program may have its process id."""

    folder: Path
    pid: int
    stop_signal: signal.Signals


def write_traces(folder: Path, pid: int, stop_signal: signal.Signals) -> None:
    (folder / STOP_SIGNAL).write_text(f"{stop_signal.name}\n")
    (folder / PID).write_text(f"{pid}\n")


def remove_traces(folder: Path) -> None:
    (folder / PID).unlink(missing_ok=True)
    (folder / STOP_SIGNAL).unlink(missing_ok=True)


def find_traces(data: Path) -> Iterator[Trace]:
    """Return the traces in the folders below `data`. Removes those that cannot be read, such as truncated files."""
    for file in sorted(data.glob(f"*/{PID}")):
        trace = read_trace(file.parent)
        if trace is None:
            remove_traces(file.parent)
        else:
            yield trace


def read_trace(folder: Path) -> Trace | None:
    try:
        # Up to version 0.1.0 the file had a second number, the signal.
        pid = int((folder / PID).read_text().split()[0])
    except (ValueError, IndexError):
        return None
    try:
        stop_signal = signal.Signals[(folder / STOP_SIGNAL).read_text().strip()]
    except (FileNotFoundError, KeyError):
        stop_signal = signal.SIGTERM
    return Trace(folder, pid, stop_signal) if pid > 0 else None
