"""What is dear is started by one worker: the tests that need it stay together."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.processes

GROUPED = """
import pytest

@pytest.mark.parametrize("number", range(8))
@pytest.mark.xdist_group("dear")
def test_grouped(number):
    pass

@pytest.mark.parametrize("number", range(8))
def test_other(number):
    pass
"""


def test_workers_side_by_side_leave_the_tests_of_a_group_to_one_of_them(tmp_path: Path) -> None:
    (tmp_path / "test_groups.py").write_text(GROUPED)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = (sys.executable, "-m", "pytest", "-v", "-n", "2", "--dist", "loadgroup", "-p", "no:cacheprovider")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "CLICKRAIL"))}

    ran = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environ, timeout=PATIENCE_S
    )

    workers = re.findall(r"\[(gw\d)\] .*PASSED .*test_grouped", ran.stdout)
    assert len(workers) == 8, ran.stdout + ran.stderr
    assert len(set(workers)) == 1, (
        "--dist loadgroup does not group: is there a pytest for which xdist does not know how?"
    )
