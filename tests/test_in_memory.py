"""A server's folder in memory: there for as long as it is used, and only where there is room."""

import os
from pathlib import Path

import pytest

from tests.in_memory import PREFIX, in_memory


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    place = tmp_path / "memory"
    place.mkdir()
    return place


def test_the_folder_is_in_memory_and_gone_afterwards(tmp_path: Path, memory: Path) -> None:
    folder = tmp_path / "servers" / "postgres"
    with in_memory(folder, memory, room_bytes=1):
        (folder / "file").write_text("kept")
        assert folder.resolve().is_relative_to(memory)

    assert list(memory.iterdir()) == []


@pytest.mark.parametrize("place", ["memory", "nowhere"])
def test_without_room_the_folder_is_left_to_the_disk(tmp_path: Path, memory: Path, place: str) -> None:
    with in_memory(tmp_path / "postgres", memory.with_name(place), room_bytes=2**62):
        assert not (tmp_path / "postgres").exists()


def test_what_killed_processes_left_is_removed_and_what_others_use_is_not(tmp_path: Path, memory: Path) -> None:
    # Linux numbers processes up to 2**22.
    left, used = memory / f"{PREFIX}{2**22 + 1}-a", memory / f"{PREFIX}{os.getppid()}-b"
    for folder in (left, used):
        folder.mkdir()
        (folder / "file").touch()

    with in_memory(tmp_path / "postgres", memory, room_bytes=1):
        assert not left.exists()
        assert used.exists()
