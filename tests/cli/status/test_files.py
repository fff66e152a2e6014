"""Whether the files that the services need are there."""

import os
from datetime import UTC, datetime
from pathlib import Path

from cli.status.files import check_journal, check_keys, nearest_folder
from cli.status.finding import Finding
from identity.keyfile import create_ring
from identity.keys import RING_RANDOMNESS, init_ring


def test_a_key_ring_that_can_be_read_is_well_and_one_that_is_missing_is_made(tmp_path: Path) -> None:
    environ = {"CLICKRAIL_KEYS_FILE": str(tmp_path / "keys.json")}
    before = check_keys(environ)
    create_ring(tmp_path / "keys.json", init_ring(datetime.now(UTC), os.urandom(RING_RANDOMNESS)))

    assert before.remedy.startswith("run `clickrail keys init`")
    assert check_keys(environ) == Finding("key ring", "readable")


def test_a_key_ring_that_is_rubbish_is_not_made_again(tmp_path: Path) -> None:
    (tmp_path / "keys.json").touch(mode=0o600)
    found = check_keys({"CLICKRAIL_KEYS_FILE": str(tmp_path / "keys.json")})

    assert found.state == "unusable"
    assert "keys init" not in found.remedy


def test_the_folder_of_the_journal_need_not_be_there_yet(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"

    assert nearest_folder(folder) == tmp_path
    assert check_journal({"CLICKRAIL_INGEST_DATA_DIR": str(folder)}) == Finding("journal", "writable")


def test_what_is_not_set_is_named() -> None:
    assert "CLICKRAIL_KEYS_FILE" in check_keys({}).problem
    assert "CLICKRAIL_INGEST_DATA_DIR" in check_journal({}).problem
