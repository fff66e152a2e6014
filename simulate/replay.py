"""Reads logged requests from JSON lines, to replay them: as they are, or those of any site as clicks. Pure."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Final
from zlib import crc32

import msgspec

from simulate.browsers import Header
from simulate.planned import Expected, Kind, Planned
from simulate.visitors import FORWARDED

LINK: Final = "/ref/"
OUTCOMES: Final[dict[str, tuple[Kind, Expected]]] = {"GET": ("replay", "click"), "HEAD": ("head", "redirect")}
IN_NO_TARGET: Final = re.compile("[\x00-\x20\x7f]")
CAPITALS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


class LoggedRequest(msgspec.Struct, frozen=True):
    """One logged request; `path` includes the query.

    `ts` is its time by ISO 8601; without a zone it is UTC.
    """

    ip: str
    method: str
    path: str
    ts: str | None = None
    referrer: str | None = None
    user_agent: str | None = None


class InvalidLine(msgspec.Struct, frozen=True):
    """A line that is not a request: its number, counted from 1, and why."""

    number: int
    reason: str


DECODER: Final = msgspec.json.Decoder(LoggedRequest)


class LogClock:
    """Turns the times of a log's lines into seconds after its first time.

    Servers log a request when it ends, so times go back a little now and then: such a request is sent at the time of
    the one before it, which keeps the order of the file. So is a request without a time.
    """

    def __init__(self) -> None:
        self._first: datetime | None = None
        self._latest: float | None = None

    def read(self, ts: str | None) -> float | None:
        """Return the time of a line; None until a line had one. Raises ValueError for a text that is not a time."""
        if ts is None:
            return self._latest
        time = read_time(ts)
        self._first = self._first or time
        self._latest = max(self._latest or 0.0, (time - self._first).total_seconds())
        return self._latest


def read_time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"ts: {text[:60]!r} is no time, such as 2026-05-04T09:00:00Z") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def read_requests(lines: Iterable[bytes], codes: tuple[str, ...]) -> Iterator[Planned | InvalidLine]:
    """Read requests, each with its line number as id; skip empty lines.

    Paths are sent unchanged. With `codes`, a path that is not a tracking link is replaced by a link of one of them,
    always the same one for the same path, so that the log of any site becomes clicks. Requests with the same address
    and user agent belong to one visitor.
    """
    clock = LogClock()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            logged = DECODER.decode(line)
            yield plan(number, logged, codes, clock.read(logged.ts))
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            yield InvalidLine(number, str(error))


def plan(number: int, line: LoggedRequest, codes: tuple[str, ...], at_s: float | None) -> Planned:
    """Plan one request. Raises ValueError if it cannot be sent unchanged."""
    if not line.method or not CAPITALS.issuperset(line.method):
        raise ValueError(f"{line.method[:40]!r} is no method")
    address = read_address(line.ip)
    path, code = choose_link(read_path(line.path), codes)
    kind, expected = OUTCOMES.get(line.method, ("method", "not_allowed"))
    return Planned(
        id=number,
        kind=kind,
        # Nothing is known about codes that were not named, so any answer is accepted.
        expected=expected if code in codes or kind == "method" else "anything",
        method=line.method,
        path=path,
        code=code,
        headers=(
            (FORWARDED, address),
            ("Accept", "*/*"),
            *read_header("User-Agent", line.user_agent),
            *read_header("Referer", line.referrer),
        ),
        visitor=f"{address} {line.user_agent}",
        at_s=at_s,
    )


def read_path(text: str) -> str:
    if not text.startswith("/") or IN_NO_TARGET.search(text):
        raise ValueError(f"{text[:60]!r} is no path of a request line")
    text.encode("utf-8", "surrogateescape")
    return text


def choose_link(path: str, codes: tuple[str, ...]) -> tuple[str, str]:
    """Return the path to send, and the code in it or an empty text."""
    if path.startswith(LINK) or not codes:
        return path, path.removeprefix(LINK).partition("?")[0] if path.startswith(LINK) else ""
    code = codes[crc32(path.encode("utf-8", "surrogateescape")) % len(codes)]
    return f"{LINK}{code}", code


def read_address(text: str) -> str:
    if "%" in text:
        raise ValueError(f"{text[:60]!r} is an address of its own network only")
    return str(ip_address(text))


def read_header(name: str, value: str | None) -> tuple[Header, ...]:
    """Return the header, or nothing without a value. Raises ValueError if the value cannot be in a header."""
    if value is None:
        return ()
    if any(mark in value for mark in "\r\n\0"):
        raise ValueError(f"a line break or a NUL in {name}")
    value.encode("utf-8", "surrogateescape")
    return ((name, value),)
