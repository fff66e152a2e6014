"""The keys that a click has written into the store of windows, to delete what they hold of it. Pure."""

from datetime import UTC, datetime, timedelta
from typing import Final

from quality.click_ids import pack_id
from quality.log_entries import BUCKET_MS, ENTRY
from quality.window_visits import digest_key

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)
ENTRY_BYTES: Final = ENTRY.size
"""An entry of a log begins with the packed id of its click."""


def list_claims(program_id: str, client_hash: str, window_s: int, clicked_at: datetime) -> list[bytes]:
    """Give the keys in which the visitor's window may be claimed by a click of this time."""
    bucket = (clicked_at - EPOCH) // MILLISECOND // (max(window_s, 1) * 1000)
    visitor = b"u:%b:" % digest_key(program_id, client_hash)
    return [b"%b%d" % (visitor, bucket + step) for step in (-1, 0, 1)]


def verdict_key(click_id: str) -> bytes:
    """Give the key that keeps the verdict of a click which came out of order."""
    return b"r:%b" % pack_id(click_id)


def log_key(net_hash: str, clicked_at: datetime) -> bytes:
    """Give the key of the network's log that has an entry for a click of this time."""
    return b"v:%b:%d" % (bytes.fromhex(net_hash[:20]), (clicked_at - EPOCH) // MILLISECOND // BUCKET_MS)
