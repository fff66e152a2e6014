"""Filters of the log, as short as tests need them."""

from typing import Any, Final

from console.clicks.filters import Filters
from storage.read.click_filters import FieldFilter

FIELDS: Final = ("program", "affiliate", "code", "country")


def choose(**changes: Any) -> Filters:
    """Give filters; a program, affiliate, code or country is a filter by its field."""
    fields = tuple(FieldFilter(name, "is", (changes.pop(name),)) for name in FIELDS if name in changes)
    return Filters(fields=fields, **changes)
