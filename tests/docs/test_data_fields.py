"""The reference of fields says of each field what the contract, the tables and the console say."""

import re

import pytest

from console.clicks.filterable import list_values, make_rejection_filterable
from docs.generate import FOLDER
from docs.generators.field_types import FORMATS
from docs.generators.fields import GROUPED, STORED, WORDS, find_column
from schemas import TOPICS, Topic
from schemas.field_list import list_fields
from storage.read.records import StoredClick, StoredRejection
from tests.console.builders import NOW, enriched_click, rejected_click

SECTIONS = re.split("^## ", (FOLDER / "data-fields.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
ROWS = {
    section.split("\n", 1)[0]: {
        cells[0].strip("`"): cells
        for line in section.splitlines()
        if len(cells := line.removeprefix("| ").removesuffix(" |").split(" | ")) == 7
    }
    for section in SECTIONS
}
PUBLIC = [topic for topic in TOPICS if topic.public]


@pytest.mark.parametrize("topic", PUBLIC, ids=lambda topic: topic.name)
def test_every_field_has_a_row_with_its_version_and_whether_it_is_personal(topic: Topic) -> None:
    said = {path: (cells[2], cells[3]) for path, cells in ROWS[topic.name].items() if path not in ("field", "---")}

    assert said == {field.path: (field.since, "yes" * field.meaning.is_personal) for field in list_fields(topic)}


@pytest.mark.parametrize("topic", PUBLIC, ids=lambda topic: topic.name)
def test_every_column_of_a_table_is_that_of_a_field_or_is_named_beside(topic: Topic) -> None:
    table, meaning, _ = STORED[topic.name]
    of_fields = {find_column(topic, field.path).partition(" ")[0] for field in list_fields(topic)} - {""}
    (section,) = (section for section in SECTIONS if section.startswith(f"{topic.name}\n"))
    beside = set(re.findall(r"^\| `([a-z_]+)` \| [^|]* \|$", section, re.MULTILINE))

    assert of_fields | beside == set(meaning.columns)
    assert of_fields <= set(table.columns)


def test_every_word_that_the_contract_lists_is_in_its_row() -> None:
    for topic in PUBLIC:
        for field in list_fields(topic):
            row = ROWS[topic.name][field.path][4]
            assert [word for word in field.meaning.words if f"`{word}`" not in row] == []
    assert set(WORDS) <= set(ROWS["clicks.enriched"])


def test_the_console_filters_by_the_words_that_are_said() -> None:
    click = list_values(StoredClick(enriched_click(NOW), NOW))
    rejection = make_rejection_filterable(StoredRejection(rejected_click(NOW), NOW))

    assert set(GROUPED["clicks.enriched"].values()) == set(click)
    assert set(GROUPED["clicks.rejected"].values()) == {*rejection.values, "reason"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("click_id", "ULID"),
        ("clicked_at", "time, RFC 3339 in UTC"),
        ("geo.city", "text ≤ 128, or null"),
        ("ad_ids", "object: text ≤ 256 by name, or null"),
        ("bot.reasons", "list: word"),
        ("fraud.signals", "list: object"),
        ("fraud.signals[].weight", "number, 0 to 1"),
        ("fraud.signals[].value", "number, or null"),
        ("unique.is_unique", "true or false, or null"),
        ("geo", "object"),
    ],
)
def test_a_type_is_said_in_words(path: str, expected: str) -> None:
    assert ROWS["clicks.enriched"][path][1] == expected


def test_each_format_is_told_from_the_others() -> None:
    assert len(FORMATS) == len(set(FORMATS.values())) == 9


def test_a_field_within_a_column_is_found_by_its_way_there() -> None:
    expected = {
        "counts.net_60s": "`counts -> 'net_60s'`",
        "handled.key_ids.token": "`handled_key_ids -> 'token'`",
        "fraud.signals[].name": "`fraud_signals`",
        "utm": "",
    }

    assert {path: ROWS["clicks.enriched"][path][5] for path in expected} == expected
