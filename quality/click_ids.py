"""Click ids as 16 bytes. Pure. `identity.ulid` makes ids and reads the time inside them."""

from identity.crockford import PAIRS, decode_number


def pack_id(click_id: str) -> bytes:
    return decode_number(click_id).to_bytes(16, "big")


def unpack_id(packed: bytes) -> str:
    number = int.from_bytes(packed, "big")
    return "".join([PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)])


def read_packed_time_ms(packed: bytes) -> int:
    return int.from_bytes(packed[:6], "big")
