"""Writes a trace to a file: each request's label, and its raw click beside it. Shell."""

from datetime import datetime
from pathlib import Path

from simulate.replay import read_time
from simulate.traces.labels import write_clicks
from simulate.traces.model import Trace
from simulate.traces.raw_clicks import START, TracedProgram, record_trace
from simulate.traffic_options import InvalidSpec


def write_trace(trace: Trace, path: Path, start: datetime = START, program: TracedProgram | None = None) -> None:
    """Write a trace that begins at `start`.

    Raises InvalidSpec if the file cannot be created, OSError if it cannot be written to its end.
    """
    try:
        out = path.open("wb")
    except OSError as error:
        raise InvalidSpec(f"--write: {path} cannot be written: {error.strerror}") from None
    with out:
        out.writelines(write_clicks(record_trace(trace, start, program)))


def read_start(text: str | None) -> datetime:
    """Read --start. Raises InvalidSpec."""
    if text is None:
        return START
    try:
        return read_time(text)
    except ValueError:
        raise InvalidSpec(f"--start: {text!r} is no time, such as 2026-05-04T09:00:00Z") from None
