from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulate.trace_file import read_start, write_trace
from simulate.traces.catalogue import make_trace
from simulate.traces.labels import read_clicks
from simulate.traces.model import TraceParameters
from simulate.traces.raw_clicks import START, record_trace
from simulate.traffic_options import InvalidSpec

TRACE = make_trace("twin", TraceParameters(size=5))


def test_a_trace_is_written_to_its_end(tmp_path: Path) -> None:
    write_trace(TRACE, tmp_path / "twin.jsonl")
    with (tmp_path / "twin.jsonl").open("rb") as lines:
        assert list(read_clicks(lines)) == list(record_trace(TRACE))


def test_the_same_trace_is_the_same_file(tmp_path: Path) -> None:
    for name in ("first", "second"):
        write_trace(TRACE, tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_a_file_that_cannot_be_created_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidSpec, match=f"--write: {tmp_path} cannot be written: Is a directory"):
        write_trace(TRACE, tmp_path)


def test_a_start_is_a_time() -> None:
    assert read_start(None) == START
    assert read_start("2026-01-02T03:04:05") == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    with pytest.raises(InvalidSpec, match="--start: 'soon' is no time"):
        read_start("soon")
