"""The pages of docs/consumers show the samples as the other tests here run them."""

from itertools import chain
from pathlib import Path

import pytest

from tests.docs.consumers.programs import SAMPLES

KINDS = ("*.py", "*.sh", "*.sql", "node/*.mjs")
FILES = sorted(chain.from_iterable(SAMPLES.glob(kind) for kind in KINDS))
PAGES = {page.name: page.read_text(encoding="utf-8") for page in SAMPLES.glob("*.md")}


def test_there_are_samples() -> None:
    assert {path.suffix for path in FILES} == {".py", ".sh", ".sql", ".mjs"}


@pytest.mark.parametrize("sample", FILES, ids=lambda path: path.name)
def test_each_sample_stands_in_one_page_word_for_word(sample: Path) -> None:
    text = sample.read_text(encoding="utf-8")

    assert len([name for name, page in PAGES.items() if f"\n{text}```\n" in page]) == 1


def test_the_first_page_names_every_page_and_every_sample() -> None:
    first = PAGES["README.md"]

    assert [name for name in PAGES if name != "README.md" and f"]({name})" not in first] == []
    assert [path for path in FILES if f"]({path.relative_to(SAMPLES)})" not in first] == []
