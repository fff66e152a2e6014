"""Checks the formats of the texts of a decoded record. Pure, except that it remembers words it has seen.

The formats come from the types of the fields (`schemas.fields`), so new fields are checked without a change here. Ids
are joined by line feeds and matched at once. A click has about thirty words of open vocabularies, and the same few
words appear in most clicks: words seen before are looked up in a set.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from typing import Any, Final

import msgspec
from msgspec import inspect

from schemas.fields import Word

MOST_WORDS: Final = 4096
"""Maximum number of words remembered, because visitors choose some (names of ad ids). Others are matched each time."""


class Field(msgspec.Struct, frozen=True):
    """A field with a format: its path, its pattern, and whether it is a list or the keys of an object.

    No pattern matches a line feed or the empty text.
    """

    path: str
    pattern: str
    is_collection: bool


class FormatCheck:
    """Checks the records of one type. Make one per type: the constructor inspects the type, which is slow."""

    def __init__(self, kind: type[msgspec.Struct]) -> None:
        fields = [field for field in formatted_fields(inspect.type_info(kind)) if field.path != "schema_version"]
        self._fields = fields
        texts = [field for field in fields if field.pattern != WORD and not field.is_collection]
        words = [field for field in fields if field.pattern == WORD and not field.is_collection]
        self._get_texts = getter(field.path for field in texts)
        # One match for all texts: null becomes an empty line.
        self._match_texts = re.compile("\n".join(f"(?:{field.pattern})?" for field in texts)).fullmatch
        self._get_words = getter(field.path for field in words)
        self._get_collections = getter(field.path for field in fields if field.is_collection)
        self._words: set[str | None] = {None}

    def find_problem(self, record: msgspec.Struct) -> str | None:
        """Say which text does not have its format; null if all have."""
        if self._match_texts("\n".join([text or "" for text in self._get_texts(record)])) is None:
            return self._describe(record)
        if self._knows_words(record):
            return None
        problem = self._describe(record)
        if problem is None:
            self._remember(record)
        return problem

    def _knows_words(self, record: msgspec.Struct) -> bool:
        are_known = self._words.issuperset
        if not are_known(self._get_words(record)):
            return False
        # A loop, not `all()`: this runs twice for every record.
        for words in self._get_collections(record):  # noqa: SIM110
            if words and not are_known(words):
                return False
        return True

    def _remember(self, record: msgspec.Struct) -> None:
        for words in (self._get_words(record), *filter(None, self._get_collections(record))):
            if len(self._words) < MOST_WORDS:
                self._words.update(words)

    def _describe(self, record: msgspec.Struct) -> str | None:
        for field in self._fields:
            value = attrgetter(field.path)(record)
            texts = value or () if field.is_collection else (value,)
            if any(text is not None and re.fullmatch(field.pattern, text) is None for text in texts):
                return f"Expected `{field.pattern}` - at `$.{field.path}`"
        return None


def getter(paths: Iterable[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Return a function that reads all of these attributes of a record."""
    given = tuple(paths)
    if not given:
        return lambda _: ()
    # With one path, `attrgetter` returns the value and not a tuple.
    read = attrgetter(*given)
    return read if len(given) > 1 else lambda record: (read(record),)


def formatted_fields(described: inspect.Type, path: str = "") -> Iterator[Field]:
    """Find the fields with a format in a record's type. Raises TypeError for a place that the check cannot reach."""
    if not isinstance(described, inspect.StructType):
        raise TypeError(f"{path}: not a record")
    for field in described.fields:
        yield from find_in(field.type, f"{path}.{field.encode_name}" if path else field.encode_name)


def find_in(described: inspect.Type, path: str, *, is_collection: bool = False) -> Iterator[Field]:
    match described:
        case inspect.Metadata(type=inner, extra_json_schema=extra):
            pattern = (extra or {}).get("pattern")
            if pattern and isinstance(inner, inspect.StrType):
                yield Field(path, pattern.removeprefix("^").removesuffix("$"), is_collection)
            else:
                yield from find_in(inner, path, is_collection=is_collection)
        case inspect.UnionType(types=(inner, inspect.NoneType())) if not isinstance(inner, inspect.StructType):
            yield from find_in(inner, path, is_collection=is_collection)
        case inspect.UnionType(types=(inner, inspect.NoneType())):
            if any(formatted_fields(inner)):
                raise TypeError(f"{path}: an object that may be null has no fields with a format")
        case inspect.StructType():
            yield from formatted_fields(described, path)
        case inspect.ListType(item_type=inner) | inspect.DictType(key_type=inner):
            yield from find_in(inner, path, is_collection=True)


(WORD,) = (field.pattern for field in find_in(inspect.type_info(Word), "word"))
