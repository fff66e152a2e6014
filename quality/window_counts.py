"""Counts: how many clicks there were in the seconds up to a click, from the log of its network. Pure.

The log of a network (`v:`) holds ten minutes of its clicks, an entry each: who clicked, which link, and the counts the
click got when it was first seen. A click that is judged again has the counts of its entry. Counts look at the last 128
entries, so they go up to 129. A log takes 1,024 entries; clicks beyond have the counts of the last one's time.
"""

from collections.abc import Mapping
from typing import Final

from quality.log_entries import (
    BUCKET_MS,
    ENTRY,
    FIRST,
    FIRST_WITH_COOKIE,
    NUMBERS_AT,
    LastClicks,
    count_entries,
    count_first,
    keep_whole,
    read_last,
    write_entry,
)
from quality.window_store import Append
from quality.window_visits import Visit
from schemas import Counts

KEPT_S: Final = 1800
"""The longest window, the bucket that it may begin in, and 10 minutes in which a click may be late."""
LOG_ENTRIES: Final = 1024
LOG_BYTES: Final = LOG_ENTRIES * ENTRY.size


class NetworkLog:
    """The log of a network in one bucket, with the entries that this batch adds. `before`: the log before it."""

    def __init__(self, key: bytes, log: bytes, before: bytes) -> None:
        self.key = key
        self._log = keep_whole(log)
        self._before = keep_whole(before)
        self._added: dict[bytes, tuple[int, ...]] = {}
        self._entries: list[bytes] = []
        self._last: LastClicks | None = None
        self.size = len(self._log) // ENTRY.size

    def read(self) -> bytes:
        """Give the log with what was added."""
        return b"".join((self._log, *self._entries))

    def find(self, visit: Visit) -> Counts | None:
        """Give the counts of a click that was seen before."""
        numbers = self._added.get(visit.packed_id)
        if numbers is None and self._log:
            start = self._log.find(visit.packed_id)
            if start >= 0 and start % ENTRY.size == 0:
                numbers = ENTRY.unpack_from(self._log, start)[NUMBERS_AT:]
        return None if numbers is None else make_counts(numbers)

    def add(self, visit: Visit) -> tuple[Counts, Append | None]:
        """Count a click that is new, and give the entry to write, if there is room for one."""
        is_full = self.size >= LOG_ENTRIES
        numbers = self._count(visit, is_full=is_full) if self.size or self._before else count_first(visit)
        if is_full:
            return make_counts(numbers), None
        entry = write_entry(visit, numbers)
        self._added[visit.packed_id] = numbers
        self._entries.append(entry)
        self.size += 1
        if self._last is not None:
            self._last.add(visit)
        return make_counts(numbers), Append(self.key, entry, LOG_BYTES, KEPT_S)

    def _count(self, visit: Visit, *, is_full: bool) -> tuple[int, ...]:
        # Most networks have one click in a batch and none before: nothing is read for them.
        if self._last is None:
            self._last = read_last(self.read(), self._before)
        return count_entries(visit, min(visit.at_ms, self._last.last_ms) if is_full else visit.at_ms, self._last)


class BatchCounts:
    """The counts of a batch, whose clicks come in the order of their ids."""

    def __init__(self) -> None:
        self._logs: dict[bytes, NetworkLog] = {}
        self.appends: list[Append] = []

    def count(
        self, visit: Visit, keys: tuple[bytes, bytes] | None, values: Mapping[bytes, bytes | None], *, is_old: bool
    ) -> tuple[Counts, bool]:
        """Give the counts of a click, and whether it is new.

        `keys` are those of its log and of the one before, null if it is not counted. `is_old`: its log may have expired
        since it was seen.
        """
        if keys is None:
            status = "late" if visit.exempt is None and visit.hashes.client else visit.exempt or "not_judged"
            return Counts(status=status), not (visit.is_late or is_old)
        log = self._find_log(keys, values)
        if kept := log.find(visit):
            return kept, False
        if is_old:
            return Counts(status="late"), False
        counts, append = log.add(visit)
        if append is not None:
            self.appends.append(append)
        return counts, True

    def _find_log(self, keys: tuple[bytes, bytes], values: Mapping[bytes, bytes | None]) -> NetworkLog:
        key, key_before = keys
        log = self._logs.get(key)
        if log is None:
            earlier = self._logs.get(key_before)
            before = earlier.read() if earlier else values.get(key_before) or b""
            log = self._logs[key] = NetworkLog(key, values.get(key) or b"", before)
        return log


def is_counted(visit: Visit) -> bool:
    return visit.exempt is None and visit.hashes.client is not None and not visit.is_late


def make_keys(visit: Visit) -> tuple[bytes, bytes]:
    """Give the keys of the click's log and of the one before it."""
    net, bucket = bytes.fromhex((visit.hashes.net or "")[:20]), visit.at_ms // BUCKET_MS
    return b"v:%b:%d" % (net, bucket), b"v:%b:%d" % (net, bucket - 1)


def make_counts(numbers: tuple[int, ...]) -> Counts:
    return COMMON.get(numbers) or Counts(
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


COMMON: Final[dict[tuple[int, ...], Counts]] = {}
COMMON.update({numbers: make_counts(numbers) for numbers in (FIRST, FIRST_WITH_COOKIE)})
