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
DEFAULT_RATE: Final = 200.0
MOST_CONNECTIONS: Final = 10_000
MOST_SHOWN: Final = 10
MOST_PORT: Final = 65_535
PORT_VARIABLE: Final = "CLICKRAIL_INGEST_PORT"


class InvalidSpec(Exception):  # noqa: N818 - the name states the condition
    """An option is wrong; the message is for a person."""


class TrafficOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options as given. None: not given, which for each has its own meaning."""

    url: str = DEFAULT_URL
    connections: int = 128
    rate: float | None = None
    speed: float | None = None
    seconds: float | None = None
    seed: int = 1
    codes: str | None = None
    requests: Path | None = None


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


def make_spec(options: TrafficOptions) -> RequestSpec:
    """Check the options. Raises InvalidSpec, with a message of one line."""
    check(options)
    return specify_generated(options) if options.requests is None else specify_file(options, options.requests)


def specify_generated(options: TrafficOptions) -> RequestSpec:
    if options.speed is not None:
        raise InvalidSpec("--speed goes with --requests: generated requests have no times of their own")
    sending = make_sending(options)
    seconds = DEFAULT_SECONDS if options.seconds is None else options.seconds
    total = max(round((sending.rate or DEFAULT_RATE) * seconds), 1)
    return RequestSpec(sending=sending, codes=read_codes(options.codes, DEMO_CODES), seed=options.seed, total=total)


def specify_file(options: TrafficOptions, path: Path) -> RequestSpec:
    """Send a file's requests at their own times, or with --rate (or without any time) at a rate."""
    codes = read_codes(options.codes, ())
    summary = summarize(path, codes, (options.seconds or 0.0) * (options.speed or 1.0))
    is_timed = summary.is_timed and options.rate is None
    if options.speed is not None and not is_timed:
        raise InvalidSpec(f"--speed: no line of {path} has a ts")
    sending = make_sending(options, is_timed=is_timed)
    total = summary.good
    if options.seconds is not None:
        at_rate = max(round((sending.rate or DEFAULT_RATE) * options.seconds), 1)
        total = min(total, summary.within if is_timed else at_rate)
    return RequestSpec(
        sending=sending, codes=codes, seed=options.seed, total=total, requests=path, left_out=summary.left_out
    )


def make_sending(options: TrafficOptions, *, is_timed: bool = False) -> SendOptions:
    return SendOptions(
        url=options.url,
        rate=DEFAULT_RATE if options.rate is None else options.rate,
        speed=(options.speed or 1.0) if is_timed else None,
        connections=options.connections,
    )


def read_codes(text: str | None, default: tuple[str, ...]) -> tuple[str, ...]:
    if text is None:
        return default
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


def check(options: TrafficOptions) -> None:
    if options.rate is not None and not 0 < options.rate <= 1_000_000:  # noqa: PLR2004 - more than any machine sends
        raise InvalidSpec("--rate must be above 0, in requests a second")
    for name, value in (("--seconds", options.seconds), ("--speed", options.speed)):
        if value is not None and not 0 < value < float("inf"):
            raise InvalidSpec(f"{name} must be above 0")
    if options.rate is not None and options.speed is not None:
        raise InvalidSpec("--speed and --rate exclude each other: requests go at their own times, or at a rate")
    if not 1 <= options.connections <= MOST_CONNECTIONS:
        raise InvalidSpec(f"--connections must be from 1 to {MOST_CONNECTIONS:,}")
    try:
        read_target(options.url)
    except ValueError as error:
        raise InvalidSpec(f"--url: {error}") from None


class FileSummary(msgspec.Struct):
    """What a file of requests holds: `good` ones, `within` the asked time, and whether any has a time."""

    good: int = 0
    within: int = 0
    is_timed: bool = False
    left_out: tuple[InvalidLine, ...] = ()

    def count(self, planned: Planned, until_s: float) -> None:
        self.good += 1
        self.within += (planned.at_s or 0.0) <= until_s
        self.is_timed = self.is_timed or planned.at_s is not None


def summarize(path: Path, codes: tuple[str, ...], until_s: float) -> FileSummary:
    """Read the whole file once. Raises InvalidSpec if it cannot be read or holds no request."""
    summary, bad = FileSummary(), []
    try:
        with path.open("rb") as lines:
            for read in read_requests(lines, codes):
                if isinstance(read, InvalidLine):
                    bad.append(read)
                else:
                    summary.count(read, until_s)
    except OSError as error:
        raise InvalidSpec(f"--requests: {path} cannot be read: {error.strerror}") from None
    if not summary.good:
        why = f"; line {bad[0].number}: {bad[0].reason}" if bad else ""
        raise InvalidSpec(f"--requests: no line of {path} is a request{why}")
    summary.left_out = tuple(bad)
    return summary


def describe_left_out(spec: RequestSpec) -> Iterator[str]:
    """List the first lines of the file that were not requests, and count the others."""
    for bad in spec.left_out[:MOST_SHOWN]:
        yield f"{spec.requests}, line {bad.number} is left out: {bad.reason}"
    more = len(spec.left_out) - MOST_SHOWN
    if more > 0:
        yield f"{spec.requests}: {more:,} more lines are left out"
