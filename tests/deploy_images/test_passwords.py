"""Passwords nobody had to choose."""

import stat
from collections.abc import Callable
from itertools import count
from pathlib import Path

from deploy.compose.passwords import make_passwords


def draw_different() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"drawn-{next(numbers)}"


def test_each_password_is_drawn_for_itself_and_private(tmp_path: Path) -> None:
    made = make_passwords(tmp_path, draw_different())

    files = {name: (tmp_path / name).read_text() for name in made}
    assert files == {
        "postgres": "drawn-1",
        "console": "drawn-2",
        "session-secret": "drawn-3",
        "database-url": "postgresql://clickrail:drawn-1@postgres:5432/clickrail",
    }
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}


def test_what_is_there_stays_as_it_is(tmp_path: Path) -> None:
    make_passwords(tmp_path, draw_different())
    before = {file.name: file.read_text() for file in tmp_path.iterdir()}

    again = make_passwords(tmp_path, lambda: "another")

    assert again == []
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == before


def test_a_write_that_broke_off_is_done_again(tmp_path: Path) -> None:
    (tmp_path / ".postgres").write_text("half")

    make_passwords(tmp_path, lambda: "whole")

    assert (tmp_path / "postgres").read_text() == "whole"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["console", "database-url", "postgres", "session-secret"]
