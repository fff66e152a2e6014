"""Click ids as 16 bytes, and the time inside them. Pure.

`identity` writes and checks ids. Here they are only packed, and this package imports nothing but the contract.
"""

from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LETTERS: Final = 26
TIME_LETTERS: Final = 10

# int(text, 32) has the digits 0-9a-v.
TO_DIGITS: Final = str.maketrans(ALPHABET, "0123456789abcdefghijklmnopqrstuv")
PAIRS: Final = [high + low for high in ALPHABET for low in ALPHABET]


def pack_id(click_id: str) -> bytes:
    return int(click_id.translate(TO_DIGITS), 32).to_bytes(16, "big")


def unpack_id(packed: bytes) -> str:
    number = int.from_bytes(packed, "big")
    return "".join([PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)])


def read_time_ms(click_id: str) -> int:
    """Give the milliseconds since 1970 inside a click id."""
    return int(click_id[:TIME_LETTERS].translate(TO_DIGITS), 32)


def read_packed_time_ms(packed: bytes) -> int:
    return int.from_bytes(packed[:6], "big")
