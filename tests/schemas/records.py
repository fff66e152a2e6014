"""Any record there can be, made from the types of its fields, so that a new field is tried from its first day."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from hypothesis import strategies as st
from msgspec import inspect

LONGEST = 40
HOSTILE = (
    "\0",
    "\r\nSet-Cookie: x=1",
    '"\\\u2028\u2029',
    "\u202e\ufeff\ufffd",
    "<img src=x onerror=alert(1)>",
    "=cmd|' /C calc'!A0",
    "\U0001f44d\U0010ffff\ud7ff\ue000",
    "{{7*7}}",
    "9" * LONGEST,
)
LARGEST = 2**63 - 1
texts = st.text(max_size=LONGEST) | st.sampled_from(HOSTILE)
times = st.datetimes(datetime(1970, 1, 1), datetime(2262, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is given beside them


@cache
def records_of(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Give records of a type, its version one this reader knows."""
    return of_struct(kind, schema_version=st.integers(0, 999).map("1.{}".format))


def of_struct(kind: type[Any], **given: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType)
    fields = {field.name: of_type(field.type) for field in described.fields}
    return st.builds(kind, **fields | given)


def of_type(described: Any) -> st.SearchStrategy[Any]:
    """Give values of a field's type, within its bounds."""
    return MAKERS[type(described)](described)


def of_described(described: inspect.Metadata) -> st.SearchStrategy[Any]:
    pattern = (described.extra_json_schema or {}).get("pattern")
    if pattern and isinstance(described.type, inspect.StrType):
        return st.from_regex(pattern.removesuffix("$"), fullmatch=True)
    return of_type(described.type)


def of_text(described: inspect.StrType) -> st.SearchStrategy[str]:
    least, most = described.min_length or 0, described.max_length or LONGEST
    return texts.map(lambda text: text[:most]).filter(lambda text: len(text) >= least)


MAKERS: Mapping[type[inspect.Type], Callable[[Any], st.SearchStrategy[Any]]] = {
    inspect.Metadata: of_described,
    inspect.UnionType: lambda described: st.one_of(*map(of_type, described.types)),
    inspect.StructType: lambda described: of_struct(described.cls),
    inspect.ListType: lambda described: st.lists(of_type(described.item_type), max_size=3),
    inspect.DictType: lambda described: st.dictionaries(
        of_type(described.key_type), of_type(described.value_type), max_size=3
    ),
    inspect.StrType: of_text,
    inspect.IntType: lambda described: st.integers(described.ge or 0, LARGEST),
    inspect.FloatType: lambda described: st.floats(described.ge, described.le, allow_nan=False, allow_infinity=False),
    inspect.BytesType: lambda _: st.binary(max_size=LONGEST),
    inspect.DateTimeType: lambda _: times,
    inspect.BoolType: lambda _: st.booleans(),
    inspect.NoneType: lambda _: st.none(),
}
