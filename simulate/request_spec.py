"""What was asked for on the command line, checked. Pure, but for a look at the file of requests."""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from simulate.generate import generate
from simulate.planned import DEFAULT_URL, DEMO_CODES, Options, Planned
from simulate.replay import BadLine, read_requests
from simulate.send import Sending, read_target
from urls.codes import IS_CODE

DEFAULT_SECONDS: Final = 60.0
MOST_CONNECTIONS: Final = 10_000
MOST_SHOWN: Final = 10
MOST_PORT: Final = 65_535
PORT_VARIABLE: Final = "CLICKRAIL_INGEST_PORT"


class BadOrder(Exception):  # noqa: N818 - what it is
    """An option that cannot be followed; the message is for a person."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """`total` requests are to be sent; `left_out` are lines of the file that are none."""

    sending: Sending
    codes: tuple[str, ...]
    seed: int
    total: int
    requests: Path | None = None
    left_out: tuple[BadLine, ...] = ()

    def plan(self) -> Iterator[Planned]:
        """Give the requests. Raises OSError when the file has gone."""
        if self.requests is None:
            yield from islice(generate(self.seed, Options(codes=self.codes)), self.total)
            return
        with self.requests.open("rb") as lines:
            made = (read for read in read_requests(lines, self.codes) if isinstance(read, Planned))
            yield from islice(made, self.total)


def make_order(sending: Sending, codes: str | None, seed: int, seconds: float | None, requests: Path | None) -> Order:
    """Check what was asked for. Raises BadOrder, one line."""
    check(sending, seconds)
    kept = read_codes(codes) if codes is not None else DEMO_CODES if requests is None else ()
    rate = sending.rate or 1.0
    if requests is None:
        total = max(round(rate * (DEFAULT_SECONDS if seconds is None else seconds)), 1)
        return Order(sending=sending, codes=kept, seed=seed, total=total)
    good, left_out = survey(requests, kept)
    total = good if seconds is None else min(good, max(round(rate * seconds), 1))
    return Order(sending=sending, codes=kept, seed=seed, total=total, requests=requests, left_out=left_out)


def read_codes(text: str) -> tuple[str, ...]:
    kept = tuple(code.strip() for code in text.split(",") if code.strip())
    for code in kept:
        if not IS_CODE(code):
            raise BadOrder(f"--codes: {code!r} is no referral code: 1 to 64 of A-Z, a-z, 0-9, _ and -")
    if not kept:
        raise BadOrder("--codes: name at least one referral code")
    return kept


def find_url(url: str | None, environ: Mapping[str, str]) -> str:
    """Give the address to send to: as given, or that of a stack on this machine, by the port it is set to.

    Raises BadOrder when the port is no port to send to.
    """
    port = environ.get(PORT_VARIABLE)
    if url is not None or port is None:
        return url or DEFAULT_URL
    if not (port.isascii() and port.isdecimal() and 0 < int(port) <= MOST_PORT):
        raise BadOrder(f"{PORT_VARIABLE} is {port!r}, which is no port to send to: name the stack by --url")
    return f"http://127.0.0.1:{port}"


def check(sending: Sending, seconds: float | None) -> None:
    if sending.rate is not None and not 0 < sending.rate <= 1_000_000:  # noqa: PLR2004 - more than any machine sends
        raise BadOrder("--rate must be above 0, in requests a second")
    if seconds is not None and not 0 < seconds < float("inf"):
        raise BadOrder("--seconds must be above 0")
    if not 1 <= sending.connections <= MOST_CONNECTIONS:
        raise BadOrder(f"--connections must be from 1 to {MOST_CONNECTIONS:,}")
    try:
        read_target(sending.url)
    except ValueError as error:
        raise BadOrder(f"--url: {error}") from None


def survey(path: Path, codes: tuple[str, ...]) -> tuple[int, tuple[BadLine, ...]]:
    """Count the requests of a file, and name the lines that are none."""
    good, bad = 0, []
    try:
        with path.open("rb") as lines:
            for read in read_requests(lines, codes):
                if isinstance(read, BadLine):
                    bad.append(read)
                else:
                    good += 1
    except OSError as error:
        raise BadOrder(f"--requests: {path} cannot be read: {error.strerror}") from None
    if not good:
        why = f"; line {bad[0].number}: {bad[0].reason}" if bad else ""
        raise BadOrder(f"--requests: no line of {path} is a request{why}")
    return good, tuple(bad)


def describe_left_out(order: Order) -> Iterator[str]:
    """Say which lines of the file were no requests, the first of them one by one."""
    for bad in order.left_out[:MOST_SHOWN]:
        yield f"{order.requests}, line {bad.number} is left out: {bad.reason}"
    more = len(order.left_out) - MOST_SHOWN
    if more > 0:
        yield f"{order.requests}: {more:,} more lines are left out"
