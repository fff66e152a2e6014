"""The time inside a ULID, read by `python-ulid`. The hot path makes ids in `identity.ulid`."""

from datetime import UTC, datetime, timedelta
from typing import Final

from ulid import ULID

from identity.ulid import is_ulid

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def ulid_time(text: str) -> datetime:
    """Return a ULID's time in UTC, to the millisecond. Raises ValueError for a non-ULID or a time after year 9999."""
    # python-ulid accepts lower case too, but ids are compared as texts: allow one spelling only.
    if not is_ulid(text):
        raise ValueError("Not a ULID in canonical form")
    try:
        return EPOCH + timedelta(milliseconds=ULID.from_str(text).milliseconds)
    except OverflowError:
        raise ValueError("A ULID after the year 9999") from None
