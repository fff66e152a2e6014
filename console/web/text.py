"""Texts of strangers, made fit to be looked at. Pure. That they are escaped is the templates' part."""

from typing import Final

ELLIPSIS: Final = "…"
# The joiners make one sign of several, in Persian or in an emoji, and can neither hide nor turn anything.
JOINERS: Final = frozenset("\u200c\u200d")


def make_visible(text: str, keep: str = "") -> str:
    r"""Show each character that would not be seen as such, or that turns the ones around it, by its number: \u202E.

    `keep` holds characters to leave alone, such as line feeds where lines are wanted.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character in JOINERS or character in keep else escape(character)
        for character in text
    )


def escape(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04X}" if number <= 0xFFFF else f"\\U{number:08X}"  # noqa: PLR2004 - the end of four digits


def cut(text: str, length: int) -> str:
    """Give at most `length` characters of the text, the last one an ellipsis where something was cut."""
    return text if len(text) <= length else text[: length - 1].rstrip() + ELLIPSIS


def read_bytes(value: bytes) -> str:
    """Show bytes as text: what is no UTF-8 as U+FFFD, what would not be seen by its number, lines kept."""
    return make_visible(value.decode("utf-8", "replace"), keep="\n\t")


def join(*pieces: str | None, separator: str = " · ") -> str:
    """Join the pieces that there are."""
    return separator.join(piece for piece in pieces if piece)


def humanize(word: str) -> str:
    """Write a value of an open vocabulary as words: `no_user_agent` becomes `no user agent`."""
    return word.replace("_", " ")
