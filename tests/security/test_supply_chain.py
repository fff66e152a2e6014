"""Item 20, where the sources show it: nothing is installed, and nobody spoken with, that is not verified."""

import ast
import re
from pathlib import Path

import pytest

from tests.deploy_images.reading import ROOT, instructions

LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[a-z0-9,._-]+\])?==[A-Za-z0-9.!+_-]+( ; [^\\]+)?")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def requirements(lock: Path) -> list[list[str]]:
    """Give each requirement with its hashes, continued lines joined and comments left out."""
    lines = [
        line.strip() for line in lock.read_text().splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    joined = "\n".join(lines).replace(" \\\n", "\n--continued ")
    return [
        [part.removeprefix("--continued ") for part in entry.split("\n")]
        for entry in re.split(r"\n(?!--continued)", joined)
    ]


def test_item_20_there_is_a_lock_for_each_service_and_for_the_tools() -> None:
    assert {lock.stem for lock in LOCKS} == {"console", "dev", "enricher", "ingest", "local", "settler", "sink", "uv"}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_item_20_every_locked_requirement_is_one_version_with_hashes_and_names_no_address(lock: Path) -> None:
    found = requirements(lock)
    assert found
    for name, *hashes in found:
        assert REQUIREMENT.fullmatch(name)
        assert hashes, name
        assert [text for text in hashes if not HASH.fullmatch(text)] == []
    assert "://" not in lock.read_text()


def test_item_20_whatever_the_makefile_installs_is_held_against_hashes() -> None:
    recipe = [line for line in (ROOT / "Makefile").read_text().splitlines() if "pip install" in line]
    ours = [line for line in recipe if "--no-deps" in line and line.endswith("--editable .")]
    assert recipe
    assert [line for line in recipe if line not in ours and "--require-hashes" not in line] == []


@pytest.mark.slow
def test_item_20_no_client_of_kafka_is_made_without_what_makes_it_safe() -> None:
    made = [
        (path.name, call)
        for room in ("runtime", "ingest", "enricher", "sink", "console", "cli")
        for path in (ROOT / room).rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and re.fullmatch(r"(aiokafka\.)?AIOKafka(\w*Client|Consumer|Producer)", name_of(call))
    ]
    assert len(made) > 3
    assert [(name, call.lineno) for name, call in made if "security.options()" not in ast.unparse(call)] == []


def name_of(call: ast.Call) -> str:
    return ast.unparse(call.func)


def test_item_20_the_image_ends_without_root_and_containers_cannot_write_but_to_their_folder() -> None:
    assert [argument for name, argument in instructions() if name == "USER"] == ["10001:10001"]
    services = (ROOT / "deploy" / "compose" / "services.yml").read_text()
    assert "  read_only: true\n  cap_drop: [ALL]\n" in services
