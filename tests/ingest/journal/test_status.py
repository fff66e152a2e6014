"""A journal inspected from outside: `clickrail journal status|verify|export`."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.journal import journal
from ingest.journal.journal import JournalLimits
from ingest.journal.status import export, inspect_journal
from tests.ingest.journal.builders import drain, framed, left_in, opened, payload

BAD = b"\xffCR1 and so on"
HEADER = "worker\towner\tfiles\tbytes\tclicks\tdamaged bytes\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A journal's folder, inside ingest's data folder."""
    (tmp_path / "journal").mkdir()
    return tmp_path / "journal"


def ask(command: str, root: Path) -> Result:
    return CliRunner().invoke(journal, [command, "--data-dir", str(root.parent)])


@pytest.fixture
def damaged(root: Path) -> Path:
    """A journal of a worker that has ended: clicks 0 to 2, damaged bytes, clicks 3 and 4."""
    folder = root / "worker-7"
    folder.mkdir()
    (folder / "0000000001.seg").write_bytes(framed(range(3)))
    (folder / "0000000002.seg").write_bytes(BAD + framed([3, 4]))
    return root


def test_status_shows_each_folder(damaged: Path) -> None:
    size = len(framed(range(5))) + len(BAD)
    assert ask("status", damaged).stdout == f"{HEADER}worker-7\tleft\t2\t{size}\t5\t{len(BAD)}\n"


def test_status_of_an_empty_journal_says_that_nothing_waits(root: Path) -> None:
    result = ask("status", root)
    assert (result.stdout, result.stderr, result.exit_code) == (HEADER, f"Nothing waits in {root}.\n", 0)


def test_a_folder_that_is_delivered_and_removed_while_another_is_read_is_no_error(root: Path) -> None:
    for worker, clicks in (("worker-7", range(3)), ("worker-8", range(3, 5)), ("worker-9", range(5, 9))):
        (root / worker).mkdir()
        (root / worker / "0000000001.seg").write_bytes(framed(clicks))
    inspected, exported = inspect_journal(root), export(root)
    before = next(inspected).worker, next(exported)
    shutil.rmtree(root / "worker-8")

    assert [before[0], *(folder.worker for folder in inspected)] == ["worker-7", "worker-9"]
    assert [before[1], *exported] == [payload(number) for number in (*range(3), *range(5, 9))]


async def test_status_says_who_is_alive_and_changes_nothing(root: Path) -> None:
    async with opened(root) as it:
        it.append(1)
        before = left_in(root)
        assert ask("status", root).stdout == f"{HEADER}worker-1\talive\t2\t{len(framed([1]))}\t1\t0\n"
        assert left_in(root) == before
        assert await drain(it.journal) == [1]


def test_verify_names_the_damage_and_fails(damaged: Path) -> None:
    result = ask("verify", damaged)
    assert result.stdout.splitlines() == [
        f"{damaged}/worker-7/0000000002.seg: {len(BAD)} bytes damaged at 0",
        "2 files, 5 clicks: damaged; the clicks counted are intact",
    ]
    assert result.exit_code == 1


def test_verify_is_content_with_an_intact_journal(root: Path) -> None:
    (root / "worker-7").mkdir()
    (root / "worker-7" / "0000000001.seg").write_bytes(framed(range(3)))
    result = ask("verify", root)
    assert (result.stdout, result.exit_code) == ("1 files, 3 clicks: all intact\n", 0)


async def test_a_frame_that_is_being_written_is_no_damage(root: Path) -> None:
    async with opened(root, limits=JournalLimits()) as it:
        it.append(1)
        active = it.journal._writer.active
        assert active is not None
        active.path.write_bytes(framed([1]) + framed([2])[:-1])
        assert ask("verify", root).exit_code == 0


def test_damage_across_the_chunks_of_a_large_file_is_one(root: Path) -> None:
    (root / "worker-7").mkdir()
    (root / "worker-7" / "0000000001.seg").write_bytes(framed([1]) + bytes(1_000_000) + framed([2]))
    [folder] = inspect_journal(root)
    start = len(framed([1]))
    assert [segment.damaged for segment in folder.segments] == [[(start, start + 1_000_000)]]


def test_export_gives_every_intact_click_as_a_line_of_json(damaged: Path) -> None:
    lines = ask("export", damaged).stdout.splitlines()
    assert lines == [payload(number).decode() for number in range(5)]
    assert [json.loads(line)["click"] for line in lines] == list(range(5))


def test_damage_moved_aside_is_told(damaged: Path) -> None:
    (damaged / "damaged").mkdir()
    (damaged / "damaged" / "worker-7-0000000002.seg").write_bytes(b"x")
    assert "damaged bytes were moved to" in ask("status", damaged).stderr


@pytest.mark.parametrize("command", ["status", "verify", "export"])
def test_a_journal_that_is_not_there_is_said_so(tmp_path: Path, command: str) -> None:
    result = ask(command, tmp_path / "nowhere" / "journal")
    assert (result.stderr, result.exit_code) == (f"clickrail: {tmp_path}/nowhere/journal: there is no journal\n", 2)


def test_an_empty_file_is_whole(root: Path) -> None:
    (root / "worker-7").mkdir()
    (root / "worker-7" / "0000000001.seg").touch()
    assert ask("verify", root).stdout == "1 files, 0 clicks: all intact\n"
