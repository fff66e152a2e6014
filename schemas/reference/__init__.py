"""The field reference: the meaning of each field of the records, its unit, its words, and whether it is personal.

The JSON Schemas, the comments in the database, the analysts' views and the sources of dbt are generated from it.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import inspect

from schemas.reference.clicks import CLICKS
from schemas.reference.field import FieldMeaning
from schemas.reference.letters import LETTERS
from schemas.reference.parts import PARTS
from schemas.reference.rejections import REJECTIONS

__all__ = ["REFERENCE", "FieldMeaning", "find_meaning", "find_meanings"]

REFERENCE: Final[Mapping[type[msgspec.Struct], Mapping[str, FieldMeaning]]] = {
    **CLICKS,
    **REJECTIONS,
    **LETTERS,
    **PARTS,
}
"""By type, the meaning of each field that the type itself declares."""


def find_meanings(record: type[msgspec.Struct]) -> dict[str, FieldMeaning]:
    """Return the meanings of all fields of a type, inherited ones included."""
    found: dict[str, FieldMeaning] = {}
    for kind in reversed(record.__mro__):
        found |= REFERENCE.get(kind, {})
    return found


def find_meaning(record: type[msgspec.Struct], path: str) -> FieldMeaning:
    """Return the meaning of a field, such as `geo.country`. Raises KeyError for a field that is not there."""
    name, _, rest = path.partition(".")
    if not rest:
        return find_meanings(record)[name]
    return find_meaning(find_struct(record, name), rest)


@cache
def find_struct(record: type[msgspec.Struct], name: str) -> type[msgspec.Struct]:
    """Return the type of a field that holds an object."""
    described: Any = inspect.type_info(record)
    kind = {field.name: field.type for field in described.fields}[name]
    while not isinstance(kind, inspect.StructType):
        kind = kind.types[0] if isinstance(kind, inspect.UnionType) else kind.type
    return kind.cls
