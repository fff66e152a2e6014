"""The field reference covers each field of the contract."""

import msgspec
import pytest
from msgspec import inspect

from schemas import TOPICS, DeadLetter, EnrichedClick
from schemas.reference import REFERENCE, FieldMeaning, find_meaning, find_meanings


def structs_in(described: inspect.Type) -> set[type[msgspec.Struct]]:
    if isinstance(described, inspect.StructType):
        return {described.cls}.union(*(structs_in(field.type) for field in described.fields))
    inner = [getattr(described, name, None) for name in ("type", "item_type", "value_type")]
    inner += getattr(described, "types", ())
    return set().union(*(structs_in(one) for one in inner if one is not None))


RECORDS = sorted(set().union(*(structs_in(inspect.type_info(topic.record)) for topic in TOPICS)), key=str)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_each_field_has_a_meaning_and_no_meaning_is_left_over(record: type[msgspec.Struct]) -> None:
    assert set(find_meanings(record)) == set(record.__struct_fields__)


def test_a_meaning_is_one_line_without_a_full_stop() -> None:
    meanings = [meaning for fields in REFERENCE.values() for meaning in fields.values()]

    assert [one.text for one in meanings if "\n" in one.text or one.text.endswith(".")] == []


def test_a_nested_field_is_found_by_its_path() -> None:
    assert find_meaning(EnrichedClick, "utm.source").text.startswith("Parameter utm_source")
    assert find_meaning(DeadLetter, "size").unit == "bytes"


def test_a_description_has_the_meaning_the_words_the_unit_and_whether_it_is_personal() -> None:
    whole = FieldMeaning(text="How long", unit="seconds", words=("a", "b"), is_personal=True)

    assert whole.describe() == "How long. One of: a, b. Unit: seconds. Personal."
    assert msgspec.structs.replace(whole, is_open=True, unit=None).describe() == "How long. Such as: a, b. Personal."
