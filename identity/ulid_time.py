"""The time inside a ULID, for people's questions. Read by `python-ulid`; the hot path makes ids in `identity.ulid`."""

from datetime import UTC, datetime, timedelta
from typing import Final

from ulid import ULID

from identity.ulid import is_ulid

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def ulid_time(text: str) -> datetime:
    """Give a ULID's time in UTC, to the millisecond. Raises ValueError when it is none, or of after the year 9999."""
    # python-ulid reads lower case too: two spellings of one click would be two clicks to whoever compares texts.
    if not is_ulid(text):
        raise ValueError("Not a ULID in canonical form")
    try:
        return EPOCH + timedelta(milliseconds=ULID.from_str(text).milliseconds)
    except OverflowError:
        raise ValueError("A ULID of after the year 9999") from None
