"""What every release promised still holds: its readers take our records, and our readers take its records."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from schemas import TOPICS, Topic, Undecodable, decode, encode
from schemas.__main__ import find_all_breaks
from schemas.contract import build_contract
from schemas.field_list import list_fields
from schemas.releases import (
    RELEASED,
    ROOT,
    NotKept,
    find_undecodable,
    good_examples,
    list_releases,
    read_release,
    schema_path,
    write_release,
)
from tests.schemas.validating import Draft202012Validator

RELEASES = list_releases()


def test_the_contract_of_this_version_is_kept() -> None:
    pyproject = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())
    version = pyproject["project"]["version"]

    assert RELEASES[-1] == version, f"run: python -m schemas freeze {version}"


def test_no_reader_and_no_record_of_a_release_is_broken() -> None:
    assert find_all_breaks() == []


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_a_released_reader_accepts_what_we_write_today(release: str, topic: Topic) -> None:
    reader = Draft202012Validator(json.loads(schema_path(RELEASED / release, topic.name).read_text()))
    records = [decode(topic.record, path.read_bytes()) for path in good_examples(ROOT, topic.name)]
    written = [json.loads(encode(record)) for record in records if not isinstance(record, Undecodable)]

    assert [error.message for record in written for error in reader.iter_errors(record)] == []
    assert len(written) == len(records) > 0


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_our_schema_accepts_a_released_record(release: str, topic: Topic) -> None:
    reader = Draft202012Validator(json.loads(schema_path(ROOT, topic.name).read_text()))
    paths = good_examples(RELEASED / release, topic.name)

    assert [path.name for path in paths if not reader.is_valid(json.loads(path.read_bytes()))] == []
    assert paths


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_the_examples_have_a_record_of_each_version_that_added_a_field(topic: Topic) -> None:
    versions = {json.loads(path.read_bytes())["schema_version"] for path in good_examples(ROOT, topic.name)}

    assert {field.since for field in list_fields(topic)} - versions == set()


def test_a_release_comes_back_as_it_was_kept_and_is_not_written_over(tmp_path: Path) -> None:
    write_release("9.10.0", tmp_path)
    write_release("9.9.0", tmp_path)

    assert list_releases(tmp_path) == ["9.9.0", "9.10.0"]
    assert read_release("9.10.0", tmp_path) == build_contract("9.10.0")
    with pytest.raises(NotKept, match=r"9\.10\.0 is there: the contract of a release is never written over"):
        write_release("9.10.0", tmp_path)


@pytest.mark.parametrize("release", ["", "v9.9.0", "9.9.0-rc1", "9..9", "../9", "9.x"])
def test_what_is_no_version_is_not_kept_since_no_order_could_be_told(tmp_path: Path, release: str) -> None:
    with pytest.raises(NotKept, match=r"is no version: give that of pyproject\.toml"):
        write_release(release, tmp_path / "released")

    assert list(tmp_path.iterdir()) == []


def test_the_command_says_in_a_sentence_why_it_keeps_nothing() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "schemas", "freeze", "next"], capture_output=True, text=True, check=False
    )

    assert (run.returncode, run.stderr) == (
        1,
        "'next' is no version: give that of pyproject.toml, such as 1.2.0\n",
    )


def test_a_released_record_that_we_refuse_is_named(tmp_path: Path) -> None:
    write_release("9.9.0", tmp_path)
    (tmp_path / "9.9.0/examples/clicks.dead/good/no_key.json").write_text("{}")

    assert list(find_undecodable("9.9.0", tmp_path)) == [
        "clicks.dead: record no_key.json of 9.9.0: wrong_shape: Object missing required field `topic`"
    ]


def test_the_command_says_that_nothing_is_broken() -> None:
    run = subprocess.run([sys.executable, "-m", "schemas", "check"], capture_output=True, text=True, check=False)

    assert (run.returncode, run.stdout) == (
        0,
        f"Readers and records of {', '.join(RELEASES)} survive today's contract.\n",
    )
