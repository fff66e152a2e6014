"""The entries of a network's log: how one is written, and how the clicks up to one are counted. Pure."""

from collections.abc import Sequence
from struct import Struct
from typing import Any, Final, NamedTuple

from quality.window_visits import DIGEST, NO_COOKIE, Visit

BUCKET_MS: Final = 600_000
SEEN: Final = 128
"""Entries that are looked at."""

MINUTE_MS: Final = 60_000
DUPLICATE_MS: Final = 30_000
SWEEP_MS: Final = 10_000

ENTRY: Final = Struct(f">Q4s4s{DIGEST}s{DIGEST}s{DIGEST}s9B")
"""The click id (its time in the first 48 bits), client, cookie, link, and the counts in the order of `Counts`."""
TIME_SHIFT: Final = 16
TAIL_AT: Final = 2
CLIENT_AT: Final = 3
COOKIE_AT: Final = 4
LINK_AT: Final = 5
NUMBERS_AT: Final = 6

FIRST: Final = (1, 1, 1, 1, 1, 0, 1, 1, 0)
FIRST_WITH_COOKIE: Final = (0, 0, 1, 1, 1, 1, 1, 1, 0)
"""The counts of a network's only click."""

Entry = tuple[Any, ...]
"""What `ENTRY` unpacks: a struct for each would take longer than all the counting."""


class ClientCounts(NamedTuple):
    """Counts of one client: earlier clicks without a cookie, different links, earlier clicks on the same link."""

    in_60s: int = 0
    in_600s: int = 0
    links_10s: int = 1
    same_link_30s: int = 0


NO_EARLIER_CLICKS: Final = ClientCounts()


def count_first(visit: Visit) -> tuple[int, ...]:
    return FIRST_WITH_COOKIE if visit.has_cookie else FIRST


def count_entries(visit: Visit, at_ms: int, entries: Sequence[Entry]) -> tuple[int, ...]:
    """Count the clicks of the network up to this one, itself included.

    In comprehensions over fewer and fewer entries: one loop over 128 of them takes twice as long.
    """
    start, end = at_ms - BUCKET_MS + 1 << TIME_SHIFT, at_ms + 1 << TIME_SHIFT
    recent = [entry for entry in entries if start <= entry[0] < end]
    if not recent:
        return count_first(visit)
    client, link = visit.client, visit.link
    minute = since(at_ms - MINUTE_MS, recent)
    clients = {entry[CLIENT_AT] for entry in recent}
    of_client = count_client(visit, at_ms, recent) if client in clients else NO_EARLIER_CLICKS
    itself = 0 if visit.has_cookie else 1
    cookies = {entry[COOKIE_AT] for entry in recent} - {NO_COOKIE}
    if visit.has_cookie:
        cookies.add(visit.cookie)
    return (
        itself + of_client.in_60s,
        itself + of_client.in_600s,
        1 + len(minute),
        len({entry[CLIENT_AT] for entry in minute} | {client}),
        len(clients | {client}),
        len(cookies),
        of_client.links_10s,
        len({entry[LINK_AT] for entry in since(at_ms - SWEEP_MS, minute)} | {link}),
        of_client.same_link_30s,
    )


def count_client(visit: Visit, at_ms: int, entries: Sequence[Entry]) -> ClientCounts:
    client, cookie, link = visit.client, visit.cookie, visit.link
    of_client = [entry for entry in entries if entry[CLIENT_AT] == client]
    without_cookie = [entry for entry in of_client if entry[COOKIE_AT] == NO_COOKIE]
    # The same cookie, or the first of the two clicks had none yet.
    own = [entry for entry in of_client if entry[COOKIE_AT] == cookie or entry[TAIL_AT] == cookie]
    return ClientCounts(
        len(since(at_ms - MINUTE_MS, without_cookie)),
        len(without_cookie),
        len({entry[LINK_AT] for entry in since(at_ms - SWEEP_MS, own)} | {link}),
        len([entry for entry in since(at_ms - DUPLICATE_MS, own) if entry[LINK_AT] == link]),
    )


def since(after_ms: int, entries: Sequence[Entry]) -> Sequence[Entry]:
    """Give the entries later than this time."""
    start = after_ms + 1 << TIME_SHIFT
    return [entry for entry in entries if entry[0] >= start]


def read_last(log: bytes) -> list[Entry]:
    """Read the last entries of a log. Bytes at its end that are no whole entry are ignored."""
    end = len(log) - len(log) % ENTRY.size
    return list(ENTRY.iter_unpack(log[max(end - SEEN * ENTRY.size, 0) : end]))


def write_entry(visit: Visit, numbers: tuple[int, ...]) -> bytes:
    packed = visit.packed_id
    head = int.from_bytes(packed[:8], "big")
    return ENTRY.pack(head, packed[8:12], packed[12:], visit.client, visit.cookie, visit.link, *numbers)
