"""Requests that were made once, read from JSON lines: as they were, or those of any site as clicks. Pure."""

import re
from collections.abc import Iterable, Iterator
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


class Line(msgspec.Struct, frozen=True):
    """One request as it was seen. `path` has its query with it.

    `ts` is not looked at: they are sent in the order of the file, at the rate asked.
    """

    ip: str
    method: str
    path: str
    ts: str | None = None
    referrer: str | None = None
    user_agent: str | None = None


class BadLine(msgspec.Struct, frozen=True):
    """A line that is no request: its number, from 1, and why."""

    number: int
    reason: str


DECODER: Final = msgspec.json.Decoder(Line)


def read_requests(lines: Iterable[bytes], codes: tuple[str, ...]) -> Iterator[Planned | BadLine]:
    """Read requests, each with its line's number as its id; empty lines are passed over.

    Paths are sent as they stand. With `codes`, one that is no tracking link is replaced by one, the same path always
    by the same code, so that the log of any site becomes clicks. Address and user agent together are taken for one
    visitor.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield plan(number, DECODER.decode(line), codes)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            yield BadLine(number, str(error))


def plan(number: int, line: Line, codes: tuple[str, ...]) -> Planned:
    """Plan one request. Raises ValueError for what cannot be sent as it stands."""
    if not line.method or not CAPITALS.issuperset(line.method):
        raise ValueError(f"{line.method[:40]!r} is no method")
    address = read_address(line.ip)
    path, code = aim(read_path(line.path), codes)
    kind, expected = OUTCOMES.get(line.method, ("method", "not_allowed"))
    return Planned(
        id=number,
        kind=kind,
        # Of a code that is not among those named only the stack knows what becomes of it.
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
    )


def read_path(text: str) -> str:
    if not text.startswith("/") or IN_NO_TARGET.search(text):
        raise ValueError(f"{text[:60]!r} is no path as it stands in a request line")
    text.encode("utf-8", "surrogateescape")
    return text


def aim(path: str, codes: tuple[str, ...]) -> tuple[str, str]:
    """Give the path to send and what stands in the place of a code there, which may be nothing."""
    if path.startswith(LINK) or not codes:
        return path, path.removeprefix(LINK).partition("?")[0] if path.startswith(LINK) else ""
    code = codes[crc32(path.encode("utf-8", "surrogateescape")) % len(codes)]
    return f"{LINK}{code}", code


def read_address(text: str) -> str:
    if "%" in text:
        raise ValueError(f"{text[:60]!r} is an address of its own network only")
    return str(ip_address(text))


def read_header(name: str, value: str | None) -> tuple[Header, ...]:
    """Give the header, if there is a value for it. Raises ValueError for one that no header can hold."""
    if value is None:
        return ()
    if any(mark in value for mark in "\r\n\0"):
        raise ValueError(f"a line break or a NUL in {name}")
    value.encode("utf-8", "surrogateescape")
    return ((name, value),)
