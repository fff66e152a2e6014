import subprocess
import sys
from pathlib import Path

import pytest

from referrals.snapshot.reader import NAME
from referrals.snapshot.writer import SnapshotWriter, try_lock
from tests.referrals.snapshot.files import many_codes, write_file

HOLD = "import sys; from pathlib import Path; from referrals.snapshot.writer import try_lock; \
lock = try_lock(Path(sys.argv[1])); print(lock is not None, flush=True); sys.stdin.read()"


def test_one_process_at_a_time_may_write_and_its_right_ends_with_it(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "here"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        theirs = other.stdout.readline()
        ours = try_lock(folder)
        other.kill()
        other.wait()
        later = try_lock(folder)
    assert (theirs, ours, later is None) == (b"True\n", None, False)


def test_the_right_to_write_is_given_back(tmp_path: Path) -> None:
    lock = try_lock(tmp_path)
    assert lock is not None
    lock.release()
    assert try_lock(tmp_path) is not None


def test_what_is_abandoned_leaves_the_file_in_use_alone(tmp_path: Path) -> None:
    write_file(tmp_path, many_codes(10))
    before = (tmp_path / NAME).read_bytes()
    writer = SnapshotWriter(tmp_path)
    writer.begin()
    writer.add(b"code abc {}\n")
    writer.discard()
    assert ([path.name for path in tmp_path.iterdir()], (tmp_path / NAME).read_bytes()) == ([NAME], before)


def test_what_a_killed_writer_left_is_written_over(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.new").write_bytes(b"rubbish" * 100_000)
    assert write_file(tmp_path, many_codes(10)).info.codes == 10


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_raises_and_leaves_the_file_in_use_alone(tmp_path: Path) -> None:
    write_file(tmp_path, many_codes(10))
    (tmp_path / f"{NAME}.new").symlink_to("/dev/full")
    writer = SnapshotWriter(tmp_path)
    with pytest.raises(OSError, match="No space left"):
        writer.begin()
    writer.discard()
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
