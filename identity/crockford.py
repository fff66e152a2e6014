"""Crockford's base 32 in its canonical form: upper case, without I, L, O and U, five bits a character."""

from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

# Ten bits at a time: a table of 1,024 pairs halves the steps of the plain method.
PAIRS: Final = [high + low for high in ALPHABET for low in ALPHABET]


def encode_80_bits(data: bytes) -> str:
    """Write 10 bytes as 16 characters, most significant bits first."""
    number = int.from_bytes(data, "big")
    high, low = number >> 40, number & 0xFF_FFFF_FFFF  # numbers of two machine digits are quicker than one of three
    return (
        f"{PAIRS[high >> 30]}{PAIRS[high >> 20 & 1023]}{PAIRS[high >> 10 & 1023]}{PAIRS[high & 1023]}"
        f"{PAIRS[low >> 30]}{PAIRS[low >> 20 & 1023]}{PAIRS[low >> 10 & 1023]}{PAIRS[low & 1023]}"
    )
