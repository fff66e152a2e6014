"""ULIDs made and checked on the hot path: 48 bits of Unix milliseconds and 80 random bits as 26 characters.

`python-ulid` does both in 5 to 15 times the time: docs/decisions/0010-two-makers-of-ulids.md.
"""

from typing import Final

from identity.crockford import ALPHABET, PAIRS, decode_number

ULID_LENGTH: Final = 26
RANDOM_BYTES: Final = 16

# The low five bits of a random byte select a character without bias: one `translate` writes sixteen.
_CHARACTER_OF_BYTE: Final = bytes(ord(ALPHABET[byte & 31]) for byte in range(256))


def make_ulid(now_ms: int, randomness: bytes) -> str:
    """Make a ULID of Unix milliseconds and 16 random bytes (each gives one character, by its low five bits).

    Raises ValueError when the time does not fit in 48 bits or there are not 16 bytes.
    """
    if now_ms >> 48 or len(randomness) != RANDOM_BYTES:
        raise ValueError("A ULID takes 48 bits of milliseconds and 16 random bytes")
    return (
        f"{PAIRS[now_ms >> 40]}{PAIRS[now_ms >> 30 & 1023]}{PAIRS[now_ms >> 20 & 1023]}{PAIRS[now_ms >> 10 & 1023]}"
        f"{PAIRS[now_ms & 1023]}{randomness.translate(_CHARACTER_OF_BYTE).decode('ascii')}"
    )


def ulid_milliseconds(ulid: str) -> int:
    """Return the Unix milliseconds in a valid ULID. `identity.ulid_time` is for texts that may be anything."""
    return decode_number(ulid[:10])


def is_ulid(text: str) -> bool:
    """Whether `text` is a ULID in canonical form: 26 upper-case characters, the first at most 7."""
    return len(text) == ULID_LENGTH and text[0] <= "7" and not text.strip(ALPHABET)
