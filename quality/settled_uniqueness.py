"""Whether a click is unique, judged again when it is settled. Pure.

The live verdict stays where the enricher was sure. Settling knows more in two cases:

    the store was away or had been emptied: the client's clicks of the last 24 h say whether this one is a repeat
    the click's cookie came back with a later click: the visitor is another than the one of the same client before it

Both depend on the clicks of a day before and on the click that brought the cookie back, so that a pass which begins a
day earlier finds the same. Only while the store is away for longer than the window may the opener of it differ.
"""

from typing import Final

from identity.ulid import ulid_milliseconds
from schemas import Uniqueness

DOUBLE_TAP_MS: Final = 2000
"""Two clicks this close are one visitor's, although only the cookie of the second comes back."""
KNOWN_MS: Final = 24 * 3600 * 1000
"""How far back settling knows a client's clicks. With a longer window a unique click stays `warming`."""


def is_sure(live: Uniqueness) -> bool:
    """Whether the live verdict stays. A repeat is sure even while the store is warming."""
    return live.status != "no_store" and (live.status != "warming" or not live.is_unique)


def judge_by_opener(click_id: str, time_ms: int, window_ms: int, opener: str | None) -> Uniqueness:
    """Judge a click of which the live verdict is not sure. `opener` opened the window of the client's click before."""
    if opener is not None and time_ms - ulid_milliseconds(opener) < window_ms:
        return Uniqueness(is_unique=False, basis="address", first_click_id=opener, status="judged")
    status = "judged" if window_ms <= KNOWN_MS else "warming"
    return Uniqueness(is_unique=True, basis="address", first_click_id=click_id, status=status)


def is_another_visitor(click_id: str, unique: Uniqueness) -> bool:
    """Whether a click whose cookie came back is another visitor's than the click that it was taken for a repeat of."""
    if unique.is_unique is not False or unique.basis != "address" or unique.first_click_id is None:
        return False
    return abs(ulid_milliseconds(click_id) - ulid_milliseconds(unique.first_click_id)) >= DOUBLE_TAP_MS


def make_returned(click_id: str) -> Uniqueness:
    """Give the verdict of a click whose cookie came back: a visitor of its own, known by the cookie."""
    return Uniqueness(is_unique=True, basis="cookie", first_click_id=click_id, status="judged")
