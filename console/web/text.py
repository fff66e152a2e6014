"""Makes untrusted texts safe to look at. Pure. The templates escape HTML."""

from typing import Final

ELLIPSIS: Final = "…"
# Joiners combine characters, in Persian or in emoji; they cannot hide or reverse text.
JOINERS: Final = frozenset("\u200c\u200d")
KILO: Final = 1000
TENS: Final = 100


def make_visible(text: str, keep: str = "") -> str:
    r"""Replace invisible characters, and those that reverse text, by their escape, such as \u202E.

    Leave the characters in `keep` alone, for example line feeds.
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
    """Cut a text to `length` characters, the last one an ellipsis if anything was cut."""
    return text if len(text) <= length else text[: length - 1].rstrip() + ELLIPSIS


def read_bytes(value: bytes) -> str:
    """Show bytes as text: U+FFFD for invalid UTF-8, escapes for invisible characters; keep lines."""
    return make_visible(value.decode("utf-8", "replace"), keep="\n\t")


def join(*pieces: str | None, separator: str = " · ") -> str:
    """Join the pieces that are not empty."""
    return separator.join(piece for piece in pieces if piece)


def humanize(word: str) -> str:
    """Write a value of an open vocabulary as words: `no_user_agent` becomes `no user agent`."""
    return word.replace("_", " ")


def describe_size(size: int) -> str:
    """Write a number of bytes in a fitting unit, for example `840 B`, `1.2 kB` or `340 MB`."""
    amount, unit = float(size), "B"
    for larger in ("kB", "MB", "GB"):
        if amount < KILO:
            break
        amount, unit = amount / KILO, larger
    return f"{amount:,.{1 if unit != 'B' and amount < TENS else 0}f} {unit}"
