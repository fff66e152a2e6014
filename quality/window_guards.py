"""Guards: which headers the clicks on a host usually carry, and which Chrome is the newest. Pure.

Sums by host (20 minutes each) and by version of Chrome (6 hours each) grow with each click. What they say is kept once
for each minute of a host and for each hour, so that a click that is judged again gets the same guards.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from struct import Struct
from typing import Final

import msgspec

from quality.window_store import Add, Claim
from quality.window_visits import Visit, digest_key
from schemas import Guards

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
HOST_BUCKET_MS: Final = 20 * MINUTE_MS
HOST_BUCKETS: Final = 4
CHROME_BUCKET_MS: Final = 6 * HOUR_MS
CHROME_BUCKETS: Final = 5
"""Buckets that are read: the one of the time itself, and those of the hour or day before it."""

HOST_KEPT_S: Final = 2 * 3600
CHROME_KEPT_S: Final = 32 * 3600
KEPT_S: Final = 26 * 3600

CLICKS, LANGUAGE, HINTS, FETCH = b"n", b"l", b"h", b"f"
SHARES: Final = Struct(">4I")
NEWEST: Final = Struct(">I")
LARGEST: Final = 0xFFFF_FFFF

LEAST_VERSION: Final = 90
"""Older browsers send no client hints, and say nothing about what a proxy strips."""
LEAST_CLICKS: Final = 50
LEAST_SHARE: Final = 0.01

Sum = Mapping[bytes, int]


class Minute(msgspec.Struct, frozen=True, gc=False):
    """The keys of one minute of a host: what is kept for it and for its hour, and the sums that say it."""

    shares: bytes
    newest: bytes
    host_sums: tuple[bytes, ...]
    chrome_sums: tuple[bytes, ...]


class BatchGuards:
    """The guards of a batch. Clicks are added in the order of their ids, each after its guards were found."""

    def __init__(self) -> None:
        self._minutes: dict[tuple[str, int], Minute] = {}
        self._sums: dict[bytes, dict[bytes, int]] = {}
        self._added: dict[tuple[bytes, bytes], int] = {}

    def list_values(self, visits: Iterable[Visit]) -> Iterator[bytes]:
        for visit in visits:
            if (visit.host, visit.at_ms // MINUTE_MS) not in self._minutes:
                minute = self._find_minute(visit)
                yield from (minute.shares, minute.newest)

    def list_sums(self) -> list[bytes]:
        return list({key: None for one in self._minutes.values() for key in (*one.host_sums, *one.chrome_sums)})

    def set_sums(self, sums: Iterable[tuple[bytes, Sum]]) -> None:
        self._sums = {key: dict(one) for key, one in sums}

    def keep(self, visit: Visit, values: Mapping[bytes, bytes | None]) -> list[Claim]:
        """Give what is to be kept for the minute and the hour of a click, where nothing was kept yet."""
        minute, claims = self._find_minute(visit), []
        if values.get(minute.shares) is None:
            claims.append(Claim(minute.shares, pack_shares([self._sums[key] for key in minute.host_sums]), KEPT_S))
        if values.get(minute.newest) is None:
            claims.append(Claim(minute.newest, pack_newest([self._sums[key] for key in minute.chrome_sums]), KEPT_S))
        return claims

    def add(self, visit: Visit) -> None:
        """Add a click to the sums, if it claims a Chrome that sends all these headers."""
        claim = visit.claim
        if claim.engine != "chromium" or claim.version < LEAST_VERSION or claim.is_in_app:
            return
        minute = self._find_minute(visit)
        host = minute.host_sums[0]
        self._add(minute.chrome_sums[0], b"%d" % claim.version)
        self._add(host, CLICKS)
        if visit.has_language:
            self._add(host, LANGUAGE)
        if visit.has_hints:
            self._add(host, HINTS)
        if visit.has_fetch:
            self._add(host, FETCH)

    def list_adds(self) -> list[Add]:
        return [
            Add(key, field, number, CHROME_KEPT_S if key.startswith(b"k:") else HOST_KEPT_S)
            for (key, field), number in self._added.items()
        ]

    def read(self, visit: Visit, values: Mapping[bytes, bytes | None]) -> Guards:
        """Give the guards of a click. They were not judged where nothing is kept."""
        minute = self._find_minute(visit)
        shares, newest = values.get(minute.shares), values.get(minute.newest)
        return Guards() if shares is None or newest is None else make_guards(shares, newest)

    def _add(self, key: bytes, field: bytes) -> None:
        fields = self._sums[key]
        fields[field] = fields.get(field, 0) + 1
        self._added[key, field] = self._added.get((key, field), 0) + 1

    def _find_minute(self, visit: Visit) -> Minute:
        number = visit.at_ms // MINUTE_MS
        minute = self._minutes.get((visit.host, number))
        if minute is None:
            minute = self._minutes[visit.host, number] = make_minute(visit.host, visit.at_ms)
        return minute


def make_minute(host: str, at_ms: int) -> Minute:
    digest, bucket, day = digest_key(host), at_ms // HOST_BUCKET_MS, at_ms // CHROME_BUCKET_MS
    return Minute(
        b"f:%b:%d" % (digest, at_ms // MINUTE_MS),
        b"c:%d" % (at_ms // HOUR_MS),
        tuple(b"h:%b:%d" % (digest, bucket - back) for back in range(HOST_BUCKETS)),
        tuple(b"k:%d" % (day - back) for back in range(CHROME_BUCKETS)),
    )


def pack_shares(sums: Sequence[Sum]) -> bytes:
    total = (sum(one.get(field, 0) for one in sums) for field in (CLICKS, LANGUAGE, HINTS, FETCH))
    return SHARES.pack(*(min(number, LARGEST) for number in total))


def pack_newest(sums: Sequence[Sum]) -> bytes:
    """Pack the newest version that has at least 50 clicks and 1 % of all; 0 without one."""
    clicks: dict[int, int] = {}
    for one in sums:
        for version, number in one.items():
            clicks[int(version)] = clicks.get(int(version), 0) + number
    least = max(LEAST_CLICKS, LEAST_SHARE * sum(clicks.values()))
    return NEWEST.pack(max((version for version, number in clicks.items() if number >= least), default=0))


def make_guards(shares: bytes, newest: bytes) -> Guards:
    chrome, language, hints, fetch = SHARES.unpack(shares)
    return Guards(
        chrome=chrome,
        accept_language=language,
        client_hints=hints,
        fetch=fetch,
        newest_chrome=NEWEST.unpack(newest)[0] or None,
        status="judged",
    )
