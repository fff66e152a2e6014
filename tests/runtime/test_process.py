"""A process from start to exit code."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.processes

PROGRAM = """
import asyncio, msgspec, sys
from runtime.errors import SettingsError
from runtime.process import run
from runtime.settings import variables
from runtime.shared_settings import Port

class Settings(msgspec.Struct, frozen=True, kw_only=True, rename=variables("SINK")):
    batch: Port

async def serve(settings, stop):
    if settings.batch == 1:
        visitor = "203.0.113.9"
        raise RuntimeError("it broke\\nbadly")
    if settings.batch == 2:
        raise SettingsError("CLICKRAIL_KEYS_FILE: not there")
    print("serving", flush=True)
    await stop.wait()

run("sink", Settings, serve)
"""


def start(**environ: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Give its exit code, and what it wrote after the line that says what starts."""
    _, errors = process.communicate(timeout=PATIENCE_S)
    lines = errors.splitlines(keepends=True)
    return process.returncode, "".join(line for line in lines if '"event": "starting"' not in line)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(number: signal.Signals) -> None:
    process = start(CLICKRAIL_SINK_BATCH="5")
    assert process.stdout is not None
    assert process.stdout.readline() == "serving\n"
    process.send_signal(number)

    assert finish(process) == (0, "")


def test_wrong_settings_are_one_line_and_exit_code_2() -> None:
    code, errors = finish(start(CLICKRAIL_SINK_BATCH="x"))

    expected = "a whole number from 0 to 65535 (port to listen on; 0 chooses a free one)"
    assert (code, errors) == (2, f"clickrail sink: CLICKRAIL_SINK_BATCH: must be {expected}\n")


def test_a_setting_that_the_service_finds_wrong_is_one_line_and_exit_code_2() -> None:
    assert finish(start(CLICKRAIL_SINK_BATCH="2")) == (2, "clickrail sink: CLICKRAIL_KEYS_FILE: not there\n")


def test_a_crash_is_one_line_of_json_and_exit_code_1() -> None:
    code, errors = finish(start(CLICKRAIL_SINK_BATCH="1"))

    (line,) = errors.splitlines()
    entry = json.loads(line)
    assert (code, entry["event"], entry["level"], entry["service"]) == (1, "crashed", "error", "sink")
    assert "it broke" in json.dumps(entry["exception"])
    assert "203.0.113.9" not in line, "the locals of a frame may hold anything"
    assert entry["timestamp"][:4] == time.strftime("%Y", time.gmtime())
