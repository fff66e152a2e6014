"""Hostile texts made harmless, once, at the edge. Pure."""

import re
from collections.abc import Iterable
from typing import Final, overload

CONTROL: Final = dict.fromkeys([*range(32), *range(127, 160)])
"""NUL and the other control characters: Postgres refuses the first, a terminal obeys some, no reader needs any."""
SURROGATE: Final = re.compile("[\ud800-\udfff]")


def clean(text: str, cap: int) -> tuple[str, bool]:
    """Give the text as valid Unicode without control characters, at most `cap` long, and whether it was cut.

    aiohttp hands bytes that are not UTF-8 over as lone surrogates, which JSON cannot hold: they become U+FFFD.
    """
    if not text.isascii():
        text = SURROGATE.sub("\ufffd", text)
    if not text.isprintable():
        text = text.translate(CONTROL)
    return (text, False) if len(text) <= cap else (text[:cap], True)


class TextSanitizer:
    """Cleans the texts of one record and remembers which of them were cut: the record's `truncated`."""

    __slots__ = ("truncated",)

    def __init__(self, truncated: Iterable[str] = ()) -> None:
        self.truncated = list(truncated)

    @overload
    def cut(self, field: str, text: str, cap: int) -> str: ...
    @overload
    def cut(self, field: str, text: str | None, cap: int) -> str | None: ...
    def cut(self, field: str, text: str | None, cap: int) -> str | None:
        """Give the text cleaned and at most `cap` long; what is null stays null."""
        # Nearly every text is harmless as it is, and this is asked seven times a click.
        if text is None or (len(text) <= cap and text.isascii() and text.isprintable()):
            return text
        cleaned, was_cut = clean(text, cap)
        if was_cut and field not in self.truncated:
            self.truncated.append(field)
        return cleaned
