"""The entries of a network's log: how one is written, and how the clicks up to one are counted. Pure."""

from bisect import bisect_left
from functools import lru_cache
from operator import le
from struct import Struct
from typing import Final, NamedTuple

from quality.window_visits import DIGEST, NO_COOKIE, Visit

BUCKET_MS: Final = 600_000
SEEN: Final = 128
"""Entries that are looked at."""

MINUTE_MS: Final = 60_000
DUPLICATE_MS: Final = 30_000
SWEEP_MS: Final = 10_000

ENTRY: Final = Struct(f">Q4s4s{DIGEST}s{DIGEST}s{DIGEST}s9B")
"""The click id (its time in the first 48 bits), client, cookie, link, and the counts in the order of `Counts`."""
COUNTED: Final = f"Q4x4s{DIGEST}s{DIGEST}s{DIGEST}s9x"
"""What is counted of an entry: the click id's head and tail, client, cookie, link."""
COLUMNS: Final = 5
TIME_SHIFT: Final = 16
NUMBERS_AT: Final = 6

FIRST: Final = (1, 1, 1, 1, 1, 0, 1, 1, 0)
FIRST_WITH_COOKIE: Final = (0, 0, 1, 1, 1, 1, 1, 1, 0)
"""The counts of a network's only click."""


class ClientCounts(NamedTuple):
    """Counts of one client: earlier clicks without a cookie, different links, earlier clicks on the same link."""

    in_60s: int = 0
    in_600s: int = 0
    links_10s: int = 1
    same_link_30s: int = 0


NO_EARLIER_CLICKS: Final = ClientCounts()


class LastClicks:
    """The last clicks of a network, as they came: a list for each thing that is counted.

    `heads` are the first 64 bits of the click ids, `tails` the last 32. Lists, because a busy network has 128 entries
    to read for each of its clicks, and one call finds the different values of a list's part.
    """

    __slots__ = ("clients", "cookies", "heads", "links", "tails")

    def __init__(
        self, heads: list[int], tails: list[bytes], clients: list[bytes], cookies: list[bytes], links: list[bytes]
    ) -> None:
        self.heads, self.tails, self.clients, self.cookies, self.links = heads, tails, clients, cookies, links

    def __len__(self) -> int:
        return len(self.heads)

    @property
    def last_ms(self) -> int:
        """When the last one that came clicked, in milliseconds since 1970."""
        return self.heads[-1] >> TIME_SHIFT

    def add(self, visit: Visit) -> None:
        head, _, tail = split_id(visit.packed_id)
        self.heads.append(head)
        self.tails.append(tail)
        self.clients.append(visit.client)
        self.cookies.append(visit.cookie)
        self.links.append(visit.link)
        if len(self) > SEEN:
            del self.heads[0], self.tails[0], self.clients[0], self.cookies[0], self.links[0]

    def in_order(self) -> "LastClicks":
        """Give these in the order of their ids; most came so."""
        heads = self.heads
        if all(map(le, heads, heads[1:])):
            return self
        places = sorted(range(len(heads)), key=heads.__getitem__)
        return LastClicks(
            [heads[place] for place in places],
            [self.tails[place] for place in places],
            [self.clients[place] for place in places],
            [self.cookies[place] for place in places],
            [self.links[place] for place in places],
        )


def count_entries(visit: Visit, at_ms: int, last: LastClicks) -> tuple[int, ...]:
    """Count the clicks of the network up to this one, itself included."""
    last = last.in_order()
    end = find_place(last, at_ms + 1)
    begin = find_place(last, at_ms - BUCKET_MS + 1, end)
    if begin == end:
        return count_first(visit)
    minute, sweep = find_place(last, at_ms - MINUTE_MS + 1, end), find_place(last, at_ms - SWEEP_MS + 1, end)
    clients = set(last.clients[begin:end])
    of_client = count_client(visit, at_ms, last, range(begin, end)) if visit.client in clients else NO_EARLIER_CLICKS
    itself = 0 if visit.has_cookie else 1
    cookies = set(last.cookies[begin:end]) - {NO_COOKIE}
    if visit.has_cookie:
        cookies.add(visit.cookie)
    return (
        itself + of_client.in_60s,
        itself + of_client.in_600s,
        1 + end - minute,
        len({*last.clients[minute:end], visit.client}),
        len(clients | {visit.client}),
        len(cookies),
        of_client.links_10s,
        len({*last.links[sweep:end], visit.link}),
        of_client.same_link_30s,
    )


def count_client(visit: Visit, at_ms: int, last: LastClicks, places: range) -> ClientCounts:
    clients, cookies, tails, links = last.clients, last.cookies, last.tails, last.links
    client, cookie, end = visit.client, visit.cookie, places.stop
    minute, sweep = find_place(last, at_ms - MINUTE_MS + 1, end), find_place(last, at_ms - SWEEP_MS + 1, end)
    duplicate = find_place(last, at_ms - DUPLICATE_MS + 1, end)
    of_client = [place for place in places if clients[place] == client]
    without_cookie = [place for place in of_client if cookies[place] == NO_COOKIE]
    # The same cookie, or the first of the two clicks had none yet.
    own = [place for place in of_client if cookies[place] == cookie or tails[place] == cookie]
    return ClientCounts(
        sum(place >= minute for place in without_cookie),
        len(without_cookie),
        len({links[place] for place in own if place >= sweep} | {visit.link}),
        sum(place >= duplicate and links[place] == visit.link for place in own),
    )


def find_place(last: LastClicks, at_ms: int, end: int | None = None) -> int:
    """Give the place of the first click at this time or later, of clicks in the order of their ids."""
    return bisect_left(last.heads, at_ms << TIME_SHIFT, hi=end)


def count_first(visit: Visit) -> tuple[int, ...]:
    return FIRST_WITH_COOKIE if visit.has_cookie else FIRST


def keep_whole(log: bytes) -> bytes:
    """Leave out bytes at the end of a log that are no whole entry."""
    excess = len(log) % ENTRY.size
    return log[:-excess] if excess else log


def read_last(log: bytes, before: bytes = b"") -> LastClicks:
    """Read the last entries of a log and of the one before it. Both are whole entries."""
    if (missing := SEEN * ENTRY.size - len(log)) > 0 and before:
        log = before[-missing:] + log
    count = min(len(log) // ENTRY.size, SEEN)
    values = prepare_struct(count).unpack_from(log, len(log) - count * ENTRY.size)
    return LastClicks(
        list(values[0::COLUMNS]),
        list(values[1::COLUMNS]),
        list(values[2::COLUMNS]),
        list(values[3::COLUMNS]),
        list(values[4::COLUMNS]),
    )


@lru_cache(SEEN + 1)
def prepare_struct(entries: int) -> Struct:
    # One call for all of them: a tuple for each entry takes longer.
    return Struct(">" + COUNTED * entries)


def write_entry(visit: Visit, numbers: tuple[int, ...]) -> bytes:
    return ENTRY.pack(*split_id(visit.packed_id), visit.client, visit.cookie, visit.link, *numbers)


def split_id(packed_id: bytes) -> tuple[int, bytes, bytes]:
    """Split the 16 bytes of a click id into the number of its first eight, and two times four bytes."""
    return int.from_bytes(packed_id[:8], "big"), packed_id[8:12], packed_id[12:]
