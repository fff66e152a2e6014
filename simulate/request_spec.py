"""Checks the options of `clickrail simulate`. Pure, except that it reads the file of requests."""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from simulate.generate import generate
from simulate.planned import DEFAULT_URL, DEMO_CODES, Options, Planned
from simulate.replay import InvalidLine, read_requests
from simulate.send import SendOptions, read_target
from urls.codes import IS_CODE

DEFAULT_SECONDS: Final = 60.0
MOST_CONNECTIONS: Final = 10_000
MOST_SHOWN: Final = 10
MOST_PORT: Final = 65_535
PORT_VARIABLE: Final = "CLICKRAIL_INGEST_PORT"


class InvalidSpec(Exception):  # noqa: N818 - the name states the condition
    """An option is wrong; the message is for a person."""


class RequestSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What to send: `total` requests. `left_out` are lines of the file that are not requests."""

    sending: SendOptions
    codes: tuple[str, ...]
    seed: int
    total: int
    requests: Path | None = None
    left_out: tuple[InvalidLine, ...] = ()

    def plan(self) -> Iterator[Planned]:
        """Return the requests. Raises OSError if the file cannot be read any more."""
        if self.requests is None:
            yield from islice(generate(self.seed, Options(codes=self.codes)), self.total)
            return
        with self.requests.open("rb") as lines:
            made = (read for read in read_requests(lines, self.codes) if isinstance(read, Planned))
            yield from islice(made, self.total)


def make_spec(
    sending: SendOptions, codes: str | None, seed: int, seconds: float | None, requests: Path | None
) -> RequestSpec:
    """Check the options. Raises InvalidSpec, with a message of one line."""
    check(sending, seconds)
    kept = read_codes(codes) if codes is not None else DEMO_CODES if requests is None else ()
    rate = sending.rate or 1.0
    if requests is None:
        total = max(round(rate * (DEFAULT_SECONDS if seconds is None else seconds)), 1)
        return RequestSpec(sending=sending, codes=kept, seed=seed, total=total)
    good, left_out = count_requests(requests, kept)
    total = good if seconds is None else min(good, max(round(rate * seconds), 1))
    return RequestSpec(sending=sending, codes=kept, seed=seed, total=total, requests=requests, left_out=left_out)


def read_codes(text: str) -> tuple[str, ...]:
    kept = tuple(code.strip() for code in text.split(",") if code.strip())
    for code in kept:
        if not IS_CODE(code):
            raise InvalidSpec(f"--codes: {code!r} is no referral code: 1 to 64 of A-Z, a-z, 0-9, _ and -")
    if not kept:
        raise InvalidSpec("--codes: name at least one referral code")
    return kept


def find_url(url: str | None, environ: Mapping[str, str]) -> str:
    """Return the URL to send to: as given, or that of a stack on this machine by its port setting.

    Raises InvalidSpec if the port is not valid.
    """
    port = environ.get(PORT_VARIABLE)
    if url is not None or port is None:
        return url or DEFAULT_URL
    if not (port.isascii() and port.isdecimal() and 0 < int(port) <= MOST_PORT):
        raise InvalidSpec(f"{PORT_VARIABLE} is {port!r}, which is no port to send to: name the stack by --url")
    return f"http://127.0.0.1:{port}"


def check(sending: SendOptions, seconds: float | None) -> None:
    if sending.rate is not None and not 0 < sending.rate <= 1_000_000:  # noqa: PLR2004 - more than any machine sends
        raise InvalidSpec("--rate must be above 0, in requests a second")
    if seconds is not None and not 0 < seconds < float("inf"):
        raise InvalidSpec("--seconds must be above 0")
    if not 1 <= sending.connections <= MOST_CONNECTIONS:
        raise InvalidSpec(f"--connections must be from 1 to {MOST_CONNECTIONS:,}")
    try:
        read_target(sending.url)
    except ValueError as error:
        raise InvalidSpec(f"--url: {error}") from None


def count_requests(path: Path, codes: tuple[str, ...]) -> tuple[int, tuple[InvalidLine, ...]]:
    """Count the requests of a file, and collect the lines that are not requests."""
    good, bad = 0, []
    try:
        with path.open("rb") as lines:
            for read in read_requests(lines, codes):
                if isinstance(read, InvalidLine):
                    bad.append(read)
                else:
                    good += 1
    except OSError as error:
        raise InvalidSpec(f"--requests: {path} cannot be read: {error.strerror}") from None
    if not good:
        why = f"; line {bad[0].number}: {bad[0].reason}" if bad else ""
        raise InvalidSpec(f"--requests: no line of {path} is a request{why}")
    return good, tuple(bad)


def describe_left_out(spec: RequestSpec) -> Iterator[str]:
    """List the first lines of the file that were not requests, and count the others."""
    for bad in spec.left_out[:MOST_SHOWN]:
        yield f"{spec.requests}, line {bad.number} is left out: {bad.reason}"
    more = len(spec.left_out) - MOST_SHOWN
    if more > 0:
        yield f"{spec.requests}: {more:,} more lines are left out"
