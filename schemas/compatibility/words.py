"""Compares the words and units that readers were told of a field. Pure.

The JSON Schemas take any word: the field reference says which words there are, and whether new ones are to be expected.
"""

from collections.abc import Iterator, Mapping

from schemas.compatibility.change import Change
from schemas.reference import FieldMeaning


def compare_meanings(was: Mapping[str, FieldMeaning], now: Mapping[str, FieldMeaning]) -> Iterator[Change]:
    """Give what changed in the fields that both contracts have, by path."""
    for path in was.keys() & now.keys():
        yield from compare_words(f"field {path}", was[path], now[path])
        if was[path].unit != now[path].unit:
            units = (f"unit {meaning.unit}" if meaning.unit else "no unit" for meaning in (was[path], now[path]))
            yield Change(f"field {path}", "unit-changed", *units)


def compare_words(place: str, was: FieldMeaning, now: FieldMeaning) -> Iterator[Change]:
    """Give what changed in a field's words. New words are no change where readers were told to expect them."""
    removed = [word for word in was.words if word not in now.words]
    added = [word for word in now.words if word not in was.words]
    for word in removed:
        yield Change(place, "word-removed", f"a word {word}", f"only {', '.join(now.words) or 'any text'}")
    if was.is_open or not was.words:
        return
    for word in added:
        yield Change(place, "word-added", f"one of {', '.join(was.words)}", f"also {word}")
    if now.is_open:
        yield Change(place, "words-opened", f"one of {', '.join(was.words)}", "any word")
