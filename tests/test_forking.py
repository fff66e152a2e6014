"""A forked program is a process like any other."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.forking import Ended, Forker
from tests.waiting import eventually

pytestmark = pytest.mark.processes

SAYS = "import os, sys; print(sys.argv[1:], dict(os.environ), repr(sys.stdin.read())); print('no', file=sys.stderr)"


@pytest.fixture
async def bare() -> AsyncIterator[Forker]:
    bare = Forker(["json"])
    yield bare
    await bare.stop()


async def test_it_has_arguments_environment_output_and_exit_code_of_its_own(bare: Forker) -> None:
    first = await bare.run(f"{SAYS}; sys.exit(3)", {"A": "1"}, ["x", "y"])
    second = await bare.run(SAYS, {"B": "2"})

    assert first == Ended(3, "['x', 'y'] {'A': '1'} ''\n", "no\n")
    assert second == Ended(0, "[] {'B': '2'} ''\n", "no\n")


async def test_an_exception_and_a_signal_end_it_as_they_end_any(bare: Forker) -> None:
    raised = await bare.run("raise ValueError('wrong')", {})
    killed = await bare.run("import os; os.kill(os.getpid(), 9)", {})

    assert (raised.code, raised.errors.splitlines()[-1]) == (1, "ValueError: wrong")
    assert killed == Ended(-9, "", "")


async def test_what_is_imported_is_there_and_a_module_runs_as_by_its_name(bare: Forker) -> None:
    imported = await bare.run("import sys; print('json' in sys.modules, 'sink' in sys.modules)", {})
    module = await bare.run_module("this", {})

    assert imported.output == "True False\n"
    assert module.output.startswith("The Zen of Python")


async def test_one_that_is_given_up_is_killed_and_the_next_runs(bare: Forker, tmp_path: Path) -> None:
    here = tmp_path / "here"
    program = "import sys, time; open(sys.argv[1], 'w').close(); time.sleep(600)"
    waiting = asyncio.create_task(bare.run(program, {}, [str(here)]))
    await eventually(here.exists)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    assert await bare.run("print('next')", {}) == Ended(0, "next\n", "")


async def test_several_run_beside_each_other_and_write_at_the_end_of_their_files(bare: Forker, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("before\n")
    waits = "import signal, sys; print(sys.argv[1], flush=True); signal.sigwait([signal.SIGTERM])"
    first = await bare.start(waits, {}, log, log, ["first"])
    second = await bare.start("print('second')", {}, log, log)

    assert await second.wait() == 0
    await eventually(lambda: "first" in log.read_text())
    assert first.returncode is None
    first.terminate()
    assert await first.wait() == -signal.SIGTERM
    assert sorted(log.read_text().split()) == ["before", "first", "second"]


async def test_who_stops_the_forker_ends_its_programs(bare: Forker, tmp_path: Path) -> None:
    program = await bare.start("import time; time.sleep(600)", {}, tmp_path / "log", tmp_path / "log")
    await bare.stop()

    assert await program.wait() == -signal.SIGKILL
    with pytest.raises(ProcessLookupError):
        program.kill()
