"""The CPU time of a process and its descendants, and of the machine."""

import os
import subprocess
import sys

import pytest

from bench.measuring import children_of, cpu_seconds, idle_share, tree_cpu_seconds

BURN = "import time\nwhile time.process_time() < 0.3: pass"


def test_the_time_of_a_child_that_has_ended_counts() -> None:
    own, whole = cpu_seconds(os.getpid()), tree_cpu_seconds(os.getpid())

    subprocess.run([sys.executable, "-c", BURN], check=True)

    more = tree_cpu_seconds(os.getpid()) - whole
    assert more - (cpu_seconds(os.getpid()) - own) == pytest.approx(0.3, abs=0.25)


def test_the_children_of_a_process_are_found() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert child.pid in children_of(os.getpid())
        child.communicate(b"\n")


async def test_the_idle_share_of_the_machine_is_between_none_and_all() -> None:
    assert 0 <= await idle_share(0.2) <= 1
