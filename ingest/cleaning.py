"""Hostile texts made harmless, once, at the edge. Pure."""

from collections.abc import Iterable
from typing import Final

REPLACED: Final = dict.fromkeys([*range(32), 127])
"""NUL and the other control characters: Postgres refuses the first, and no reader is helped by the rest."""


def clean(text: str, cap: int) -> tuple[str, bool]:
    """Give the text as valid Unicode without control characters, at most `cap` long, and whether it was cut.

    aiohttp hands bytes that are not UTF-8 over as lone surrogates, which JSON cannot hold: they become U+FFFD.
    """
    if not text.isascii():
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if not text.isprintable():
        text = text.translate(REPLACED)
    return (text, False) if len(text) <= cap else (text[:cap], True)


class Cutter:
    """Cleans the texts of one record and remembers which of them were cut: the record's `truncated`."""

    __slots__ = ("truncated",)

    def __init__(self, truncated: Iterable[str] = ()) -> None:
        self.truncated = list(truncated)

    def cut(self, field: str, text: str, cap: int) -> str:
        cleaned, was_cut = clean(text, cap)
        if was_cut and field not in self.truncated:
            self.truncated.append(field)
        return cleaned

    def cut_or_none(self, field: str, text: str | None, cap: int) -> str | None:
        return None if text is None else self.cut(field, text, cap)
