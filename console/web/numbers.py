"""Reads whole numbers from addresses and forms. Pure."""


def read_whole(text: str, least: int, most: int) -> int | None:
    """Return a number of ASCII digits within these bounds; null for anything else, leading zeros beyond `most` too."""
    if not text.isascii() or not text.isdigit() or len(text) > len(str(most)):
        return None
    number = int(text)
    return number if least <= number <= most else None
