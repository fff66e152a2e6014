"""Which files with tests are read.

Files whose every test is left out by `-m "not servers and ..."` are not: each process would import them. With
`--share 2/3` a process reads every third file alone, so that three processes beside each other do all tests. That takes
a fifth less CPU than workers of xdist, which read all files each and report every test.
"""

import re
import zlib
from argparse import ArgumentTypeError
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.drilling import fixtures_of
from tests.sharing import BROKEN

LEFT_OUT: Final = re.compile(r"not \w+(?: and not \w+)*").fullmatch
OF_MODULE: Final = re.compile(r"^pytestmark = (\[.*?\]|[^\[\n]+)$", re.MULTILINE | re.DOTALL)
MARK: Final = re.compile(r"pytest\.mark\.(\w+)")


SERVERS: Final = ("kafka", *BROKEN, "postgres", "valkey", "timescaledb_server")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--share", type=read_share, help="run the tests of these files alone: 2/3 is the second third")


def read_share(text: str) -> tuple[int, int]:
    """Read `2/3`, the second of three shares. Raises `ArgumentTypeError`, which pytest tells, for what is no share."""
    read = re.fullmatch(r"(\d+)/(\d+)", text)
    if read is None or not 1 <= int(read[1]) <= int(read[2]):
        raise ArgumentTypeError(f"{text!r} is no share: write 2/3 for the second of three")
    return int(read[1]), int(read[2])


def is_of_share(file: Path, root: Path, share: tuple[int, int]) -> bool:
    """Say whether a file is of this share, of which every file has one."""
    number, count = share
    return zlib.crc32(file.relative_to(root).as_posix().encode()) % count == number - 1


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    marks: str = config.option.markexpr
    if collection_path.suffix != ".py" or not collection_path.name.startswith("test_"):
        return None
    if config.option.share and not is_of_share(collection_path, config.rootpath, config.option.share):
        return True
    if not LEFT_OUT(marks):
        return None
    return None if module_marks(collection_path.read_text()).isdisjoint(re.findall(r"not (\w+)", marks)) else True


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    for item in items:
        if is_unmarked(fixtures_of(item), [mark.name for mark in item.iter_markers()]):
            raise pytest.UsageError(f"{item.nodeid} asks for a server: mark it, or its file, with pytest.mark.servers")


def is_unmarked(fixtures: Sequence[str], marks: Sequence[str]) -> bool:
    """Say whether a test asks for a server without the mark by which `make check` leaves it out."""
    return "servers" not in marks and not set(SERVERS).isdisjoint(fixtures)


def module_marks(source: str) -> set[str]:
    """Give the marks that a module puts on all of its tests by `pytestmark`."""
    found = OF_MODULE.search(source)
    return set(MARK.findall(found[1])) if found else set()
