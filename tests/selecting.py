"""Files whose every test is left out by `-m "not servers and ..."` are not read: each worker would import them."""

import re
from pathlib import Path
from typing import Final

import pytest

LEFT_OUT: Final = re.compile(r"not \w+(?: and not \w+)*").fullmatch
OF_MODULE: Final = re.compile(r"^pytestmark = (\[.*?\]|[^\[\n]+)$", re.MULTILINE | re.DOTALL)
MARK: Final = re.compile(r"pytest\.mark\.(\w+)")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    marks: str = config.option.markexpr
    if collection_path.suffix != ".py" or not collection_path.name.startswith("test_") or not LEFT_OUT(marks):
        return None
    return None if module_marks(collection_path.read_text()).isdisjoint(re.findall(r"not (\w+)", marks)) else True


def module_marks(source: str) -> set[str]:
    """Give the marks that a module puts on all of its tests by `pytestmark`."""
    found = OF_MODULE.search(source)
    return set(MARK.findall(found[1])) if found else set()
