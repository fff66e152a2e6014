"""The options of `clickrail simulate`, and whether they can be. Pure."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from simulate.planned import DEFAULT_URL
from simulate.send import read_target
from urls.codes import IS_CODE

MOST_CONNECTIONS: Final = 10_000
MOST_ACTORS: Final = 100_000
"""A trace is made as a whole, in memory."""
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
    trace: str | None = None
    size: int | None = None
    background: int | None = None


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


def check_trace(options: TrafficOptions) -> None:
    if options.trace is None:
        if options.size is not None or options.background is not None:
            raise InvalidSpec("--size and --background go with --trace")
        return
    if options.requests is not None or options.rate is not None:
        raise InvalidSpec("--trace sends its own requests at their own times: leave out --requests and --rate")
    if options.size is not None and not 1 <= options.size <= MOST_ACTORS:
        raise InvalidSpec(f"--size must be from 1 to {MOST_ACTORS:,}")
    if options.background is not None and not 0 <= options.background <= MOST_ACTORS:
        raise InvalidSpec(f"--background must be from 0 to {MOST_ACTORS:,}")


def check(options: TrafficOptions) -> None:
    if options.rate is not None and not 0 < options.rate <= 1_000_000:  # noqa: PLR2004 - more than any machine sends
        raise InvalidSpec("--rate must be above 0, in requests a second")
    for name, value in (("--seconds", options.seconds), ("--speed", options.speed)):
        if value is not None and not 0 < value < float("inf"):
            raise InvalidSpec(f"{name} must be above 0")
    if options.rate is not None and options.speed is not None:
        raise InvalidSpec("--speed and --rate exclude each other: requests go at their own times, or at a rate")
    check_trace(options)
    if not 1 <= options.connections <= MOST_CONNECTIONS:
        raise InvalidSpec(f"--connections must be from 1 to {MOST_CONNECTIONS:,}")
    try:
        read_target(options.url)
    except ValueError as error:
        raise InvalidSpec(f"--url: {error}") from None
