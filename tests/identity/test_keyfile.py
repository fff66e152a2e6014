import asyncio
import base64
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.keyfile import WatchedKeyRing, create_ring, edit_ring, read_ring
from identity.keys import KeyRing, KeyRingError, activate, destroy, rotate
from tests.identity.builders import MODEST, NOW, active, known_ring, randomness, secret, write_ring
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.slow


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    write_ring(path, known_ring())
    return path


def rotated(seed: int = 1) -> KeyRing:
    return rotate(known_ring(), "cookie", NOW, randomness(seed))


def test_a_ring_comes_back_as_it_was_written(path: Path) -> None:
    ring = destroy(rotated(), "cookie", "k7")
    write_ring(path, ring)

    assert read_ring(path) == ring


def test_a_new_file_is_its_owners_alone_and_nothing_else_is_left_in_the_folder(path: Path) -> None:
    write_ring(path, rotated())

    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o601, 0o644, 0o666])
def test_a_file_everybody_may_use_is_refused(path: Path, mode: int) -> None:
    path.chmod(mode)

    with pytest.raises(KeyRingError) as refusal:
        read_ring(path)
    assert str(refusal.value) == f"{path}: every user of this machine may use it (mode {mode:04o}): chmod o= it"


@pytest.mark.parametrize("mode", [0o400, 0o440, 0o600, 0o640, 0o660])
def test_a_file_for_its_owner_and_group_is_read(path: Path, mode: int) -> None:
    path.chmod(mode)  # 0440 and 0640: a Kubernetes Secret with fsGroup

    assert read_ring(path) == known_ring()


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o660])
def test_a_change_keeps_who_may_read_the_file(path: Path, mode: int) -> None:
    path.chmod(mode)

    edit_ring(path, lambda _: rotated())

    assert (mode, rotated()) == (path.stat().st_mode & 0o777, read_ring(path))


def test_a_file_that_is_absent_or_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyRingError, match=r"absent.json: cannot be read: No such file"):
        read_ring(tmp_path / "absent.json")
    with pytest.raises(KeyRingError, match="cannot be read: Is a directory"):
        read_ring(tmp_path)


def broken(change: dict[str, object]) -> bytes:
    content = msgspec.json.decode(msgspec.json.encode(known_ring()))
    content["keys"][0] |= change
    return msgspec.json.encode(content)


SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I="


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "Input data was truncated"),
        (SECRET.encode(), "JSON is malformed: invalid character (byte 0)"),
        (b"\xff\xfe{}", "JSON is malformed: invalid character (byte 0)"),
        (b"[]", "Expected `object`, got `array`"),
        (b"{}", "Object missing required field `version`"),
        (b'{"version": 2, "keys": []}', "Invalid value - at `$.version`"),
        (broken({"secret": "short"}), "Invalid base64 encoded string - at `$.keys[0].secret`"),
        (broken({"secret": "c2hvcnQ="}), "Expected `bytes` of length >= 32 - at `$.keys[0].secret`"),
        (broken({"state": SECRET}), "Invalid value - at `$.keys[0].state`"),
        (broken({"purpose": SECRET}), "Invalid value - at `$.keys[0].purpose`"),
        (broken({"kid": SECRET}), "Expected `str` matching regex '^[a-z0-9]{2}\\\\Z' - at `$.keys[0].kid`"),
        (broken({"kid": "k7\n"}), "Expected `str` matching regex '^[a-z0-9]{2}\\\\Z' - at `$.keys[0].kid`"),
        (broken({"created_at": SECRET}), "Invalid RFC3339 encoded datetime - at `$.keys[0].created_at`"),
        (broken({"created_at": "2026-11-24T07:00:00"}), "Expected `datetime` with a timezone component"),
        (broken({"note": "mine"}), "Object contains unknown field `note` - at `$.keys[0]`"),
        (broken({"state": "read_only"}), "there must be one active cookie key, and there are 0"),
        (b" " * 4_194_305, "larger than any key ring"),
    ],
)
def test_a_broken_file_is_refused_by_its_cause_and_shows_no_secret(path: Path, content: bytes, cause: str) -> None:
    path.write_bytes(content)

    with pytest.raises(KeyRingError) as refusal:
        read_ring(path)
    assert str(refusal.value).startswith(f"{path}: {cause}")
    assert SECRET not in str(refusal.value)
    assert refusal.value.__cause__ is None


@MODEST
@given(
    content=st.binary(max_size=60) | st.recursive(st.none() | st.text(max_size=5), st.lists).map(msgspec.json.encode)
)
def test_any_content_is_refused_as_a_key_ring_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.touch(0o600)
    path.write_bytes(content)

    with pytest.raises(KeyRingError):
        read_ring(path)


def test_a_faulty_ring_is_not_written(path: Path) -> None:
    with pytest.raises(KeyRingError, match="not written: there must be one active cookie key"):
        write_ring(path, KeyRing(version=1, keys=()))
    assert read_ring(path) == known_ring()


def test_a_folder_that_is_absent_is_named(tmp_path: Path) -> None:
    path = tmp_path / "absent" / "keys.json"

    for write in (write_ring, create_ring):
        with pytest.raises(KeyRingError, match=r"absent/keys.json: its folder cannot be opened: No such file"):
            write(path, known_ring())


def test_a_ring_in_use_is_not_overwritten_by_a_new_one(path: Path) -> None:
    with pytest.raises(KeyRingError, match="exists already"):
        create_ring(path, rotated())
    assert read_ring(path) == known_ring()


def test_a_link_to_the_file_stays_a_link(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(path)

    write_ring(link, rotated())

    assert link.is_symlink()
    assert read_ring(path) == rotated()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_the_file_stays_the_services_own_when_root_rotates(path: Path) -> None:
    os.chown(path, 1234, 1234)

    write_ring(path, rotated())

    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 1234)


def test_changes_made_at_the_same_time_are_all_kept(path: Path) -> None:
    def change(seed: int) -> None:
        edit_ring(path, lambda ring: rotate(ring, "token", NOW, randomness(seed)))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(change, range(1, 21)))

    secrets = {key.secret for key in read_ring(path).keys if key.purpose == "token"}
    assert secrets >= {randomness(seed)[:32] for seed in range(1, 21)}


TOGGLE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from identity.keyfile import edit_ring
from identity.keys import activate
print("writing", flush=True)
while True:
    for kid in sys.argv[2:]:
        edit_ring(Path(sys.argv[1]), lambda ring: activate(ring, "cookie", kid, datetime.now(UTC)))
"""


def kill_a_writer(path: Path, after_s: float, *kids: str) -> None:
    with subprocess.Popen([sys.executable, "-c", TOGGLE, path, *kids], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == "writing\n"
        time.sleep(after_s)
        writer.kill()


@pytest.mark.processes
def test_a_killed_writer_leaves_a_whole_ring_and_no_secret_that_outlives_the_next_change(path: Path) -> None:
    write_ring(path, rotated())
    new = active(rotated(), "cookie").kid
    leftovers = 0
    for kill in range(60):
        kill_a_writer(path, 0.01 + kill * 0.0037, new, "k7")
        assert {key.kid for key in read_ring(path).keys if key.purpose == "cookie"} == {"k7", new}
        leftovers = len(list(path.parent.iterdir())) - 1
        if kill >= 5 and leftovers:
            break
    assert leftovers == 1, "no writer was killed in the middle of its work"

    edit_ring(path, lambda ring: destroy(activate(ring, "cookie", new, NOW), "cookie", "k7"))

    assert list(path.parent.iterdir()) == [path]
    assert base64.b64encode(secret("cookie")) not in path.read_bytes()


class Log:
    """Writes down what a watched ring reports."""

    def __init__(self) -> None:
        self.entries: list[object] = []

    def changed(self, ring: KeyRing) -> None:
        self.entries.append(ring)

    def refused(self, error: KeyRingError) -> None:
        self.entries.append(str(error))


def test_a_replaced_file_is_noticed_once(path: Path) -> None:
    log = Log()
    watched = WatchedKeyRing(path, log.changed, log.refused)
    assert (watched.ring, watched.refresh()) == (known_ring(), False)

    write_ring(path, rotated())

    assert (watched.refresh(), watched.refresh(), watched.ring) == (True, False, rotated())
    assert log.entries == [rotated()]


def test_a_file_written_anew_with_the_same_keys_changes_nothing(path: Path) -> None:
    log = Log()
    watched = WatchedKeyRing(path, log.changed, log.refused)

    write_ring(path, known_ring())

    assert (watched.refresh(), log.entries) == (False, [])


def test_a_broken_file_is_reported_once_and_the_old_ring_stays_until_a_good_one_comes(path: Path) -> None:
    log = Log()
    watched = WatchedKeyRing(path, log.changed, log.refused)

    path.write_bytes(b"{")
    assert (watched.refresh(), watched.refresh(), watched.ring) == (False, False, known_ring())
    path.unlink()
    assert (watched.refresh(), watched.refresh(), watched.ring) == (False, False, known_ring())
    write_ring(path, rotated())
    assert (watched.refresh(), watched.ring) == (True, rotated())

    assert log.entries == [
        f"{path}: Input data was truncated",
        f"{path}: cannot be read: No such file or directory",
        rotated(),
    ]


def test_a_fault_that_comes_again_is_reported_again(path: Path) -> None:
    log = Log()
    watched = WatchedKeyRing(path, log.changed, log.refused)
    aside = path.rename(path.with_suffix(".aside"))
    watched.refresh()
    aside.rename(path)
    assert watched.refresh() is False
    path.unlink()
    watched.refresh()

    assert log.entries == [f"{path}: cannot be read: No such file or directory"] * 2


def test_a_cause_that_passes_without_the_file_changing_is_noticed(path: Path) -> None:
    watched = WatchedKeyRing(path)
    write_ring(path, rotated())
    path.chmod(0o644)
    assert watched.refresh() is False

    path.chmod(0o600)

    assert watched.refresh() is True


def test_without_a_good_ring_there_is_nothing_to_start_with(tmp_path: Path) -> None:
    with pytest.raises(KeyRingError, match="cannot be read"):
        WatchedKeyRing(tmp_path / "absent.json")


async def test_following_notices_a_change_by_itself(path: Path) -> None:
    changed = asyncio.Event()
    watched = WatchedKeyRing(path, lambda _ring: changed.set())
    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(watched.watch(every_s=0.01))
        await asyncio.sleep(0)
        write_ring(path, rotated())
        await asyncio.wait_for(changed.wait(), PATIENCE_S)
        following.cancel()

    assert watched.ring == rotated()
