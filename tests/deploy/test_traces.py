"""What a running server leaves in its folder."""

import signal
from pathlib import Path

import pytest

from deploy.local.server import running
from deploy.local.settings import LocalSettings
from deploy.local.traces import Trace, find_traces, remove_traces, write_traces
from deploy.local.valkey import plan_valkey


@pytest.mark.servers
async def test_the_file_pid_holds_the_process_id_alone_while_the_server_runs(own_settings: LocalSettings) -> None:
    folder = own_settings.data / "valkey"
    async with running(plan_valkey(own_settings)) as valkey:
        assert (folder / "pid").read_text() == f"{valkey.pid}\n"
        assert list(find_traces(own_settings.data)) == [Trace(folder, valkey.pid, signal.SIGTERM)]
    assert list(find_traces(own_settings.data)) == []
    assert not (folder / "pid").exists()


def test_how_a_server_is_stopped_is_kept_beside_its_process_id(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    write_traces(tmp_path / "postgres", 7, signal.SIGINT)

    assert list(find_traces(tmp_path)) == [Trace(tmp_path / "postgres", 7, signal.SIGINT)]

    remove_traces(tmp_path / "postgres")
    assert list((tmp_path / "postgres").iterdir()) == []


@pytest.mark.parametrize(
    ("pid", "stop_signal", "found"),
    [
        ("7 2", None, [(7, signal.SIGTERM)]),  # as version 0.1.0 wrote it
        ("7\n", "rubbish", [(7, signal.SIGTERM)]),
        ("", "SIGINT\n", []),
        ("none\n", "SIGINT\n", []),
        ("0\n", "SIGINT\n", []),
    ],
)
def test_a_trace_that_was_cut_short_keeps_no_run_from_starting(
    tmp_path: Path, pid: str, stop_signal: str | None, found: list[tuple[int, signal.Signals]]
) -> None:
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka" / "pid").write_text(pid)
    if stop_signal is not None:
        (tmp_path / "kafka" / "stop-signal").write_text(stop_signal)

    assert [(trace.pid, trace.stop_signal) for trace in find_traces(tmp_path)] == found
    assert (tmp_path / "kafka" / "pid").exists() == bool(found)
