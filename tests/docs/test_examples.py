"""The queries in our documents: they name fields that there are, and leave out what does not count."""

import re
from typing import Any

import msgspec
import pytest

from docs.generate import FOLDER
from schemas import EnrichedClick
from storage.columns import CLICK_COLUMNS

ROOT = FOLDER.parent
PAGES = (ROOT / "README.md", FOLDER / "data-teams.md")
BLOCK = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TEST = re.compile(r"\bis_test IS NOT TRUE\b|\bNOT is_test\b")
BOT = re.compile(r"\bNOT (?:bot\.)?is_bot\b")


def counting() -> list[Any]:
    return [
        pytest.param(block, id=f"{page.name}-{number}")
        for page in PAGES
        for number, block in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")))
        if "count(" in block
    ]


def test_there_are_such_queries() -> None:
    assert len(counting()) == 5


@pytest.mark.parametrize("query", counting())
def test_whatever_counts_leaves_out_tests_and_prefetches_and_tells_bots_apart(query: str) -> None:
    assert TEST.search(query)
    assert "NOT prefetch" in query
    assert BOT.search(query)


@pytest.mark.parametrize("query", counting())
def test_a_query_names_only_fields_that_there_are(query: str) -> None:
    nested = {f"{part}.{name}" for part, name in re.findall(r"\b(geo|bot|device|referrer)\.(\w+)", query)}
    fields = {field.encode_name for field in msgspec.structs.fields(EnrichedClick)}
    kinds = {field.encode_name: field.type for field in msgspec.structs.fields(EnrichedClick)}

    assert {"prefetch", "is_test", "click_id", "clicked_at", "code"} <= fields
    assert {"prefetch", "is_test", "is_bot", "clicked_at", "code"} <= set(CLICK_COLUMNS)
    for name in nested:
        part, inner = name.split(".")
        assert inner in {field.encode_name for field in msgspec.structs.fields(kinds[part])}


@pytest.mark.parametrize("query", [param for param in counting() if "date_trunc" in param.values[0]])
def test_an_hour_is_of_utc_and_not_of_the_readers_machine(query: str) -> None:
    assert "SET TimeZone = 'UTC'" in query
    assert "::TIMESTAMPTZ" in query
