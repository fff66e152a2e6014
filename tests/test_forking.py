"""A forked program is a process like any other."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.forking import Ended, Forker

pytestmark = pytest.mark.processes

SAYS = "import os, sys; print(sys.argv[1:], dict(os.environ), repr(sys.stdin.read())); print('no', file=sys.stderr)"


@pytest.fixture
async def bare(tmp_path: Path) -> AsyncIterator[Forker]:
    bare = Forker(tmp_path, imported=["json"])
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
    waiting = asyncio.create_task(bare.run("import time; print('here', flush=True); time.sleep(600)", {}))
    while not (tmp_path / "output").exists() or not (tmp_path / "output").read_text():
        await asyncio.sleep(0.02)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    assert await bare.run("print('next')", {}) == Ended(0, "next\n", "")
