"""Uniqueness: the first click of a visitor on a program opens a window, and those within it are repeats. Pure.

A visitor with a valid cookie is decided by the cookie alone. Any other visitor is recognised by `client_hash`; the
click that opens a window claims the visitor's bucket of time in the store. A bucket is as long as the window, so a
claim that is less than a window away is in the click's own bucket or in one beside it.

A verdict never changes when the click is judged again. Its own claim makes a click unique. A repeat names the earliest
claim before it, and claims that come later cannot be earlier than that one. Only when clicks arrive out of order is a
click the repeat of a later claim; such a verdict is kept in the store (`r:`).

One gap is left: two processes that judge clicks of one visitor in the same milliseconds, on both sides of the edge
between two buckets, may both open a window.
"""

from collections.abc import Callable
from typing import Final, TypeGuard

import msgspec

from identity.ulid import ulid_milliseconds
from quality.click_ids import read_packed_time_ms, unpack_id
from quality.window_store import Claim
from quality.window_visits import Visit, digest_key
from schemas import Uniqueness

KEPT_S: Final = 24 * 3600
"""How much longer than its window a claim is kept, for clicks that arrive late or are replayed."""


class ClaimKeys(msgspec.Struct, frozen=True, gc=False):
    """The keys of a visitor's claims: in the bucket before, the click's own, and the one after; by the old hash key.

    `kept` is the key of the click's own verdict.
    """

    before: bytes
    own: bytes
    after: bytes
    previous: tuple[bytes, ...]
    kept: bytes

    def list_reads(self) -> tuple[bytes, ...]:
        return (self.before, self.own, self.after, *self.previous)


def decide_alone(visit: Visit) -> Uniqueness | None:
    """Decide what needs no store: by the cookie, or not at all. Null: the store decides."""
    if visit.exempt is not None:
        return Uniqueness(status=visit.exempt)
    if visit.has_cookie:
        return decide_by_cookie(visit)
    if visit.basis == "cookie":
        return unique(visit, "cookie")
    return None if visit.hashes.client else Uniqueness()


def decide_by_cookie(visit: Visit) -> Uniqueness:
    lease = visit.lease_click_id
    if lease is not None and visit.at_ms - ulid_milliseconds(lease) < visit.window_ms:
        return Uniqueness(is_unique=False, basis="cookie", first_click_id=lease, status="judged")
    return unique(visit, "cookie")


def unique(visit: Visit, basis: str, status: str = "judged") -> Uniqueness:
    return Uniqueness(is_unique=True, basis=basis, first_click_id=visit.click_id, status=status)


def make_keys(visit: Visit) -> ClaimKeys:
    bucket = visit.at_ms // visit.window_ms
    visitor = b"u:%b:" % digest_key(visit.program_id, visit.hashes.client or "")
    previous: tuple[bytes, ...] = ()
    if visit.hashes.previous_client:
        old = b"u:%b:" % digest_key(visit.program_id, visit.hashes.previous_client)
        previous = (b"%b%d" % (old, bucket - 1), b"%b%d" % (old, bucket))
    return ClaimKeys(
        b"%b%d" % (visitor, bucket - 1),
        b"%b%d" % (visitor, bucket),
        b"%b%d" % (visitor, bucket + 1),
        previous,
        b"r:%b" % visit.packed_id,
    )


def find_first(visit: Visit, keys: ClaimKeys, get: Callable[[bytes], bytes | None]) -> tuple[bytes, Claim | None]:
    """Decide by the claims that `get` knows.

    Gives the packed id of the click that opened the window, and the claim to make for this verdict, if any. The id is
    the click's own if it is unique.
    """
    own = get(keys.own)
    if own == visit.packed_id:
        return own, None
    if own is None and not keys.previous and get(keys.before) is None and get(keys.after) is None:
        return visit.packed_id, make_claim(visit, keys.own, visit.packed_id)
    near = [claim for key in (keys.before, keys.own, keys.after) if is_near(claim := get(key), visit)]
    earlier = next((claim for claim in near if claim < visit.packed_id), None)
    earlier = earlier or next((claim for key in keys.previous if is_near(claim := get(key), visit)), None)
    later = next((claim for claim in near if claim > visit.packed_id), None)
    if later is None:
        return (earlier, None) if earlier else (visit.packed_id, make_claim(visit, keys.own, visit.packed_id))
    if kept := get(keys.kept):
        return kept, None
    found = earlier or later
    return found, make_claim(visit, keys.kept, found)


def is_near(claim: bytes | None, visit: Visit) -> TypeGuard[bytes]:
    return claim is not None and abs(read_packed_time_ms(claim) - visit.at_ms) < visit.window_ms


def make_claim(visit: Visit, key: bytes, value: bytes) -> Claim:
    return Claim(key, value, visit.window_ms // 1000 + KEPT_S)


def write_verdict(visit: Visit, first: bytes, *, is_warming: bool) -> Uniqueness:
    if first == visit.packed_id:
        return unique(visit, "address", "warming" if is_warming else "judged")
    return Uniqueness(is_unique=False, basis="address", first_click_id=unpack_id(first), status="judged")
