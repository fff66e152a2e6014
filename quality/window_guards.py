"""Guards: which headers the clicks on a host usually carry, and which Chrome is the newest. Pure.

Sums by host (20 minutes each) and by version of Chrome (6 hours each) grow with each click. What they say is kept once
for each minute of a host and for each hour, so that a click that is judged again gets the same guards.
"""

from collections.abc import Iterable, Iterator, Mapping
from struct import Struct
from typing import Final

import msgspec

from quality.agents import sends_hints
from quality.window_store import Add, Claim
from quality.window_visits import Visit, digest_host
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

FIELDS: Final = (b"n", b"l", b"h", b"f")
"""Clicks that claim Chrome; those with Accept-Language, with client hints, with Sec-Fetch headers."""
SHARES: Final = Struct(">4I")
NEWEST: Final = Struct(">I")
LARGEST: Final = 0xFFFF_FFFF

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
        self._sums: dict[bytes, Sum] = {}
        self._hosts: dict[bytes, list[int]] = {}
        self._versions: dict[tuple[bytes, int], int] = {}
        self._read: dict[tuple[bytes, bytes], Guards] = {}

    def list_values(self) -> Iterator[bytes]:
        """List the keys of what is kept, for each minute that was found."""
        for minute in self._minutes.values():
            yield from (minute.shares, minute.newest)

    def list_sums(self) -> list[bytes]:
        return list({key: None for one in self._minutes.values() for key in (*one.host_sums, *one.chrome_sums)})

    def set_sums(self, sums: Iterable[tuple[bytes, Sum]]) -> None:
        self._sums = dict(sums)

    def keep(self, minute: Minute, values: Mapping[bytes, bytes | None]) -> list[Claim]:
        """Give what is to be kept for a minute and its hour, where nothing was kept yet."""
        claims = []
        if values.get(minute.shares) is None:
            claims.append(Claim(minute.shares, self._pack_shares(minute), KEPT_S))
        if values.get(minute.newest) is None:
            claims.append(Claim(minute.newest, self._pack_newest(minute), KEPT_S))
        return claims

    def add(self, visit: Visit, minute: Minute) -> None:
        """Add a click to the sums, if it claims a Chrome that sends all these headers."""
        claim = visit.claim
        if claim.is_in_app or not sends_hints(claim):
            return
        host = self._hosts.get(minute.host_sums[0])
        if host is None:
            host = self._hosts[minute.host_sums[0]] = [0] * len(FIELDS)
        host[0] += 1
        host[1] += visit.has_language
        host[2] += visit.has_hints
        host[3] += visit.has_fetch
        version = (minute.chrome_sums[0], claim.version)
        self._versions[version] = self._versions.get(version, 0) + 1

    def list_adds(self) -> list[Add]:
        adds = [
            Add(key, field, number, HOST_KEPT_S)
            for key, numbers in self._hosts.items()
            for field, number in zip(FIELDS, numbers, strict=True)
            if number
        ]
        versions = self._versions.items()
        return adds + [Add(key, b"%d" % version, number, CHROME_KEPT_S) for (key, version), number in versions]

    def read(self, minute: Minute, values: Mapping[bytes, bytes | None]) -> Guards:
        """Give the guards of a minute. They were not judged where nothing is kept."""
        shares, newest = values.get(minute.shares), values.get(minute.newest)
        if shares is None or newest is None:
            return Guards()
        guards = self._read.get((shares, newest))
        if guards is None:
            guards = self._read[shares, newest] = make_guards(shares, newest)
        return guards

    def find_minute(self, visit: Visit) -> Minute:
        key = (visit.host, visit.at_ms // MINUTE_MS)
        minute = self._minutes.get(key)
        if minute is None:
            minute = self._minutes[key] = make_minute(visit.host, visit.at_ms)
        return minute

    def _pack_shares(self, minute: Minute) -> bytes:
        total = [0] * len(FIELDS)
        for key in minute.host_sums:
            stored, added = self._sums[key], self._hosts.get(key)
            for place, field in enumerate(FIELDS):
                total[place] += stored.get(field, 0) + (added[place] if added else 0)
        return SHARES.pack(*(min(number, LARGEST) for number in total))

    def _pack_newest(self, minute: Minute) -> bytes:
        """Pack the newest version that has at least 50 clicks and 1 % of all; 0 without one."""
        clicks: dict[int, int] = {}
        for key in minute.chrome_sums:
            for version, number in self._sums[key].items():
                clicks[int(version)] = clicks.get(int(version), 0) + number
        for (key, added), number in self._versions.items():
            if key in minute.chrome_sums:
                clicks[added] = clicks.get(added, 0) + number
        least = max(LEAST_CLICKS, LEAST_SHARE * sum(clicks.values()))
        return NEWEST.pack(max((version for version, number in clicks.items() if number >= least), default=0))


def make_minute(host: str, at_ms: int) -> Minute:
    digest, bucket, day = digest_host(host), at_ms // HOST_BUCKET_MS, at_ms // CHROME_BUCKET_MS
    return Minute(
        b"f:%b:%d" % (digest, at_ms // MINUTE_MS),
        b"c:%d" % (at_ms // HOUR_MS),
        tuple(b"h:%b:%d" % (digest, bucket - back) for back in range(HOST_BUCKETS)),
        tuple(b"k:%d" % (day - back) for back in range(CHROME_BUCKETS)),
    )


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
