"""The meaning of one field."""

from typing import Any

import msgspec


class FieldMeaning(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a field means. `words` are all it can hold, unless `is_open`: then expect new ones."""

    text: str
    unit: str | None = None
    words: tuple[str, ...] = ()
    is_open: bool = False
    is_personal: bool = False

    def describe(self) -> str:
        """Return the meaning as sentences."""
        words = f"{'Such as' if self.is_open else 'One of'}: {', '.join(self.words)}." if self.words else ""
        unit = f"Unit: {self.unit}." if self.unit else ""
        personal = "Personal." if self.is_personal else "Not personal."
        return " ".join(filter(None, (f"{self.text}.", words, unit, personal)))


def field(text: str, words: str = "", **known: Any) -> FieldMeaning:
    """Make the meaning of a field; `words` are separated by spaces."""
    return FieldMeaning(text=text, words=tuple(words.split()), **known)


def personal(text: str, **known: Any) -> FieldMeaning:
    """Make the meaning of a field about a visitor."""
    return FieldMeaning(text=text, is_personal=True, **known)
