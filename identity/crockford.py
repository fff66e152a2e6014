"""Crockford's base 32 in its canonical form: upper case, without I, L, O and U, five bits a character."""

from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

# Encode ten bits at a time: a table of 1,024 pairs halves the number of steps.
PAIRS: Final = [high + low for high in ALPHABET for low in ALPHABET]

# int(text, 32) uses the digits 0-9a-v; this maps Crockford's digits to them.
_TO_DIGITS: Final = bytes.maketrans(ALPHABET.encode(), b"0123456789abcdefghijklmnopqrstuv")


def encode_80_bits(data: bytes) -> str:
    """Write 10 bytes as 16 characters, most significant bits first."""
    number = int.from_bytes(data, "big")
    high, low = number >> 40, number & 0xFF_FFFF_FFFF  # two smaller ints are faster than one of 80 bits
    return (
        f"{PAIRS[high >> 30]}{PAIRS[high >> 20 & 1023]}{PAIRS[high >> 10 & 1023]}{PAIRS[high & 1023]}"
        f"{PAIRS[low >> 30]}{PAIRS[low >> 20 & 1023]}{PAIRS[low >> 10 & 1023]}{PAIRS[low & 1023]}"
    )


def encode_number(number: int, characters: int) -> str:
    """Write a non-negative number with leading zeros; digits that do not fit are dropped at the left."""
    return "".join(ALPHABET[number >> 5 * place & 31] for place in range(characters - 1, -1, -1))


def decode_number(text: str) -> int:
    """Read a text that contains only these characters as one number."""
    return int(text.encode("ascii").translate(_TO_DIGITS), 32)
