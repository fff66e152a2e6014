"""Labelled values, in groups, as the page of a click shows them."""

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal["text", "mono", "time", "click", "affiliate"]
"""How a value is shown: as text, as code, as a time, or as a link to another click or the affiliate."""


class Field(msgspec.Struct, frozen=True):
    """A labelled value. It may be hostile text; null if unknown. `by` names the field that the log filters by."""

    label: str
    value: str | datetime | None
    kind: Kind = "text"
    by: str = ""


class Group(msgspec.Struct, frozen=True):
    title: str
    fields: tuple[Field, ...]
