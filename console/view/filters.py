"""Filters in an address: `f.country=is:DE,AT`, `f.code=not:demo`, `f.referrer_host=has:shop`. Pure.

Values are separated by commas; a comma or backslash in a value follows a backslash. Unknown is the empty text.
"""

import re
from typing import Final, Literal, get_args

import msgspec

from storage.read.asking.question import ENTITIES, MOST_VALUES
from storage.rollups.dimensions import DIMENSIONS, OTHER, UNKNOWN

Operator = Literal["is", "not", "has"]
OPERATORS: Final[tuple[Operator, ...]] = get_args(Operator)
WORDS: Final[dict[Operator, str]] = {"is": "is", "not": "is not", "has": "contains"}
FIELDS: Final = (*ENTITIES, *DIMENSIONS)
PREFIX: Final = "f."
LONGEST: Final = 256
VALUE: Final = re.compile(r"(?:[^\\,]|\\.)*", re.DOTALL)
ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


class Filter(msgspec.Struct, frozen=True):
    """Only what has one of these values; `not`: none of them; `has`: one of these texts in its value."""

    field: str
    operator: Operator
    values: tuple[str, ...]

    @property
    def parameter(self) -> str:
        return PREFIX + self.field


def read_filter(name: str, text: str) -> Filter | str:
    """Read a filter from a parameter's name and text, or return what is wrong with it."""
    field = name.removeprefix(PREFIX)
    if field not in FIELDS:
        return f"nothing can be filtered by {field}"
    operator, colon, listed = text.partition(":")
    if not colon or operator not in OPERATORS:
        return f"a filter begins with one of {', '.join(f'{one}:' for one in OPERATORS)}"
    values = tuple(dict.fromkeys(split_values(listed)))
    return explain_values(operator, values) or Filter(field, operator, values)


def explain_values(operator: str, values: tuple[str, ...]) -> str | None:
    """Say why these values cannot be asked for; null if they can."""
    if len(values) > MOST_VALUES:
        return f"more than {MOST_VALUES} values"
    if any(len(value) > LONGEST for value in values):
        return f"longer than {LONGEST} characters"
    if operator == "has" and UNKNOWN in values:
        return "nothing to look for"
    if OTHER in values or not all(is_storable(value) for value in values):
        return "contains a character that no value has"
    return None


def split_values(text: str) -> list[str]:
    """Split at the commas that follow no backslash."""
    values, at = [], 0
    while at <= len(text):
        found = VALUE.match(text, at)
        end = at if found is None else found.end()
        # A backslash at the end of the text escapes nothing, and stands for itself.
        stop = end if end == len(text) or text[end] == "," else len(text)
        values.append(ESCAPED.sub(r"\1", text[at:stop]))
        at = stop + 1
    return values


def write_filter(one: Filter) -> tuple[str, str]:
    """Return the name and text of the parameter of a filter."""
    values = ",".join(re.sub(r"([\\,])", r"\\\1", value) for value in one.values)
    return one.parameter, f"{one.operator}:{values}"


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can store the text: it accepts no NUL and no lone surrogate."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False
