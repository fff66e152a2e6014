"""The rules file on disk."""

from pathlib import Path

import msgspec
import pytest

from quality.rules import DEFAULT_RULES
from quality.rules_file import RulesFile


def write(path: Path, weight: float) -> None:
    path.write_bytes(msgspec.json.encode({"name": "acme", "version": "1", "values": {"tor_exit_weight": weight}}))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "quality.json"


def test_without_a_file_the_defaults_apply() -> None:
    file = RulesFile(None)

    assert not file.refresh()
    assert (file.rules, file.problems) == (DEFAULT_RULES, [])


def test_a_changed_file_is_in_use_at_the_next_look(path: Path) -> None:
    file = RulesFile(path)
    write(path, 0.2)
    assert file.refresh()
    assert not file.refresh()
    write(path, 0.3)

    assert file.refresh()
    assert file.rules.values["tor_exit_weight"] == 0.3


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"name": "acme", "version": "1", "values": {"tor": 1}}', b" " * 70_000]
)
def test_a_file_that_cannot_be_used_leaves_the_rules_before_in_use(path: Path, content: bytes) -> None:
    file = RulesFile(path)
    write(path, 0.2)
    file.refresh()
    path.write_bytes(content)

    assert not file.refresh()
    assert file.rules.values["tor_exit_weight"] == 0.2
    assert f"{path} is refused, and acme 1 " in file.problems[0]


def test_a_missing_file_is_a_problem_until_it_is_there(path: Path) -> None:
    file = RulesFile(path)
    assert not file.refresh()
    assert file.problems == [f"{path} cannot be read: No such file or directory"]
    write(path, 0.2)

    assert file.refresh()
    assert file.problems == []
