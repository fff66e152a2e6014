"""Counts: how many clicks there were in the seconds up to a click, from the log of its network. Pure.

The log of a network (`v:`) holds ten minutes of its clicks, an entry each: who clicked, which link, and the counts the
click got when it was first seen. A click that is judged again has the counts of its entry. Counts look at the last 128
entries, so they go up to 129. A log takes 1,024 entries; clicks beyond have the counts of the last one's time.
"""

from collections.abc import Iterable, Iterator, Mapping
from struct import Struct
from typing import Final

import msgspec

from quality.window_store import Append
from quality.window_visits import DIGEST, NO_COOKIE, Visit
from schemas import Counts

BUCKET_MS: Final = 600_000
KEPT_S: Final = 1800
"""The longest window, the bucket that it may begin in, and 10 minutes in which a click may be late."""
SEEN: Final = 128
LOG_ENTRIES: Final = 1024

MINUTE_MS: Final = 60_000
DUPLICATE_MS: Final = 30_000
SWEEP_MS: Final = 10_000

ENTRY: Final = Struct(f">16s{DIGEST}s{DIGEST}s{DIGEST}s9B")
LOG_BYTES: Final = LOG_ENTRIES * ENTRY.size


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One click in the log of its network."""

    packed_id: bytes
    at_ms: int
    client: bytes
    cookie: bytes
    link: bytes
    numbers: tuple[int, ...]


class NetworkLog:
    """The log of a network in one bucket, with the entries that this batch adds; `before` is the bucket before it."""

    def __init__(self, key: bytes, log: bytes | None, before: list[Entry]) -> None:
        self.key = key
        self.entries = list(read_entries(log or b""))
        self._before = before
        self._by_id = {entry.packed_id: entry for entry in reversed(self.entries)}

    def find(self, visit: Visit) -> Counts | None:
        """Give the counts of a click that was seen before."""
        kept = self._by_id.get(visit.packed_id)
        return None if kept is None else make_counts(kept.numbers)

    def add(self, visit: Visit) -> tuple[Counts, Append | None]:
        """Count a click that is new, and give the entry to write, if there is room for one."""
        is_full = len(self.entries) >= LOG_ENTRIES
        at_ms = min(visit.at_ms, self.entries[-1].at_ms) if is_full else visit.at_ms
        numbers = count_entries(visit, at_ms, self._list_last())
        if is_full:
            return make_counts(numbers), None
        entry = Entry(visit.packed_id, visit.at_ms, visit.client, visit.cookie, visit.link, numbers)
        self.entries.append(entry)
        self._by_id[visit.packed_id] = entry
        return make_counts(numbers), Append(self.key, write_entry(entry), LOG_BYTES, KEPT_S)

    def _list_last(self) -> list[Entry]:
        last = self.entries[-SEEN:]
        return last if len(last) == SEEN or not self._before else self._before[len(last) - SEEN :] + last


class BatchCounts:
    """The counts of a batch, whose clicks come in the order of their ids."""

    def __init__(self) -> None:
        self._logs: dict[bytes, NetworkLog] = {}
        self.appends: list[Append] = []

    def list_values(self, visits: Iterable[Visit]) -> Iterator[bytes]:
        for visit in visits:
            if is_counted(visit):
                yield from (make_key(visit), make_key(visit, 1))

    def count(self, visit: Visit, values: Mapping[bytes, bytes | None], *, is_old: bool) -> tuple[Counts, bool]:
        """Give the counts of a click, and whether it is new. `is_old`: its log may have expired since it was seen."""
        if not is_counted(visit):
            status = "late" if visit.exempt is None and visit.hashes.client else visit.exempt or "not_judged"
            return Counts(status=status), not (visit.is_late or is_old)
        log = self._find_log(visit, values)
        if kept := log.find(visit):
            return kept, False
        if is_old:
            return Counts(status="late"), False
        counts, append = log.add(visit)
        if append is not None:
            self.appends.append(append)
        return counts, True

    def _find_log(self, visit: Visit, values: Mapping[bytes, bytes | None]) -> NetworkLog:
        key = make_key(visit)
        log = self._logs.get(key)
        if log is None:
            key_before = make_key(visit, 1)
            before = self._logs.get(key_before)
            entries = before.entries if before else list(read_entries(values.get(key_before) or b""))
            log = self._logs[key] = NetworkLog(key, values.get(key), entries)
        return log


def is_counted(visit: Visit) -> bool:
    return visit.exempt is None and visit.hashes.client is not None and not visit.is_late


def count_entries(visit: Visit, at_ms: int, entries: Iterable[Entry]) -> tuple[int, ...]:
    """Count the clicks of the network up to this one, itself included; in the order of `Counts`."""
    client_60 = client_600 = 1 if not visit.has_cookie else 0
    net_60, same_link = 1, 0
    clients_60, clients_600, links, net_links = {visit.client}, {visit.client}, {visit.link}, {visit.link}
    cookies = {visit.cookie} if visit.has_cookie else set()
    for entry in entries:
        age = at_ms - entry.at_ms
        if not 0 <= age < BUCKET_MS:
            continue
        clients_600.add(entry.client)
        if entry.cookie != NO_COOKIE:
            cookies.add(entry.cookie)
        is_client = entry.client == visit.client
        if is_client and entry.cookie == NO_COOKIE:
            client_600 += 1
        if age >= MINUTE_MS:
            continue
        net_60 += 1
        clients_60.add(entry.client)
        if is_client and entry.cookie == NO_COOKIE:
            client_60 += 1
        is_visitor = is_client and is_same_visitor(visit, entry)
        if is_visitor and age < DUPLICATE_MS and entry.link == visit.link:
            same_link += 1
        if age < SWEEP_MS:
            net_links.add(entry.link)
            if is_visitor:
                links.add(entry.link)
    sets = (clients_60, clients_600, cookies, links, net_links)
    return (client_60, client_600, net_60, *map(len, sets), same_link)


def is_same_visitor(visit: Visit, entry: Entry) -> bool:
    """Tell whether two clicks of one client may be one visitor's: with the same cookie, or the first had none yet."""
    return entry.cookie == visit.cookie or visit.cookie == entry.packed_id[-DIGEST:]


def make_key(visit: Visit, buckets_back: int = 0) -> bytes:
    net = bytes.fromhex((visit.hashes.net or "")[:20])
    return b"v:%b:%d" % (net, visit.at_ms // BUCKET_MS - buckets_back)


def read_entries(log: bytes) -> Iterator[Entry]:
    for packed_id, client, cookie, link, *numbers in ENTRY.iter_unpack(log[: len(log) - len(log) % ENTRY.size]):
        yield Entry(packed_id, int.from_bytes(packed_id[:6], "big"), client, cookie, link, tuple(numbers))


def write_entry(entry: Entry) -> bytes:
    return ENTRY.pack(entry.packed_id, entry.client, entry.cookie, entry.link, *entry.numbers)


def make_counts(numbers: tuple[int, ...]) -> Counts:
    return Counts(
        client_60s=numbers[0],
        client_600s=numbers[1],
        net_60s=numbers[2],
        net_clients_60s=numbers[3],
        net_clients_600s=numbers[4],
        net_cookies_600s=numbers[5],
        links_10s=numbers[6],
        net_links_10s=numbers[7],
        same_link_30s=numbers[8],
        status="judged",
    )
