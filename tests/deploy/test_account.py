"""The account PostgreSQL runs under."""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import account
from deploy.local.errors import RootRefused
from deploy.local.launch import run_to_end
from deploy.local.postgres import program
from deploy.local.settings import REPOSITORY

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to change")
# A clone in a folder of mktemp, say: then there is nothing to try, and the refusal has a test of its own below.
others_may_enter = pytest.mark.skipif(
    any(not parent.stat().st_mode & 0o001 for parent in Path(program("postgres")).resolve().parents),
    reason="the checkout lies where other accounts may not enter",
)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    # pytest's own folders are closed to other accounts.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.skipif(os.geteuid() == 0, reason="root changes")
def test_an_ordinary_user_stays_itself(tmp_path: Path) -> None:
    assert account.choose_account(tmp_path / "postgres", program("postgres")) == account.SAME


@as_root
@others_may_enter
def test_root_without_namespaces_runs_postgres_as_nobody(open_folder: Path) -> None:
    assert account.ordinary_account(open_folder / "postgres", program("postgres")) == "65534:65534"


@as_root
def test_a_folder_nobody_can_reach_is_named(open_folder: Path) -> None:
    open_folder.chmod(0o700)
    with pytest.raises(RootRefused, match=f"cannot reach {open_folder}: run the command as an ordinary user"):
        account.ordinary_account(open_folder / "postgres", program("postgres"))


@as_root
@others_may_enter
@pytest.mark.servers
async def test_root_without_namespaces_gets_a_postgres_that_answers(open_folder: Path) -> None:
    script = str(Path(__file__).with_name("without_namespaces.py"))
    code, output = await run_to_end((sys.executable, script, str(open_folder)), environ={"PYTHONPATH": str(REPOSITORY)})
    assert (code, output) == (0, "nobody 1\n")
