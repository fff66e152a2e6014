"""What `clickrail simulate` sends: generated requests, those of a file, or a trace. Pure but for the file it reads."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from simulate.generate import generate
from simulate.planned import DEMO_CODES, Options, Planned
from simulate.replay import InvalidLine, read_requests
from simulate.request_file import summarize
from simulate.send import SendOptions
from simulate.traces.catalogue import RECIPES, make_trace
from simulate.traces.model import Trace, TraceParameters
from simulate.traces.sending import plan_trace
from simulate.traffic_options import InvalidSpec, TrafficOptions, check, read_codes

DEFAULT_SECONDS: Final = 60.0
DEFAULT_RATE: Final = 200.0


class RequestSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What to send: `total` requests. `left_out` are lines of the file that are not requests.

    `lasts_s` is how long it takes at the requests' own times; None at a rate.
    """

    sending: SendOptions
    codes: tuple[str, ...]
    seed: int
    total: int
    lasts_s: float | None = None
    requests: Path | None = None
    left_out: tuple[InvalidLine, ...] = ()
    trace: Trace | None = None

    def plan(self) -> Iterator[Planned]:
        """Return the requests. Raises OSError if the file cannot be read any more."""
        if self.requests is not None:
            with self.requests.open("rb") as lines:
                made = (read for read in read_requests(lines, self.codes) if isinstance(read, Planned))
                yield from islice(made, self.total)
        elif self.trace is not None:
            yield from islice(plan_trace(self.trace), self.total)
        else:
            yield from islice(generate(self.seed, Options(codes=self.codes)), self.total)


def make_spec(options: TrafficOptions) -> RequestSpec:
    """Check the options. Raises InvalidSpec, with a message of one line."""
    check(options)
    if options.trace is not None:
        return specify_trace(options)
    return specify_generated(options) if options.requests is None else specify_file(options, options.requests)


def specify_generated(options: TrafficOptions) -> RequestSpec:
    if options.speed is not None:
        raise InvalidSpec("--speed goes with --trace and --requests: generated requests have no times of their own")
    sending = make_sending(options)
    seconds = DEFAULT_SECONDS if options.seconds is None else options.seconds
    total = max(round((sending.rate or DEFAULT_RATE) * seconds), 1)
    return RequestSpec(sending=sending, codes=read_codes(options.codes, DEMO_CODES), seed=options.seed, total=total)


def specify_trace(options: TrafficOptions) -> RequestSpec:
    """Send a trace's requests at their own times."""
    trace = draw_trace(options)
    speed = options.speed or 1.0
    until_s = float("inf") if options.seconds is None else options.seconds * speed
    times = [at_s for request in trace.requests if (at_s := request.at_ms / 1000) <= until_s]
    return RequestSpec(
        sending=make_sending(options, is_timed=True),
        codes=read_codes(options.codes, DEMO_CODES),
        seed=options.seed,
        total=len(times),
        lasts_s=max(times, default=0.0) / speed,
        trace=trace,
    )


def draw_trace(options: TrafficOptions) -> Trace:
    """Make the trace that the options name. Raises InvalidSpec."""
    if options.trace not in RECIPES:
        raise InvalidSpec(f"--trace: there is no trace {options.trace!r}: name one of {', '.join(RECIPES)}")
    codes = read_codes(options.codes, DEMO_CODES)
    parameters = TraceParameters(seed=options.seed, codes=codes, size=options.size, background=options.background)
    return make_trace(options.trace, parameters)


def specify_file(options: TrafficOptions, path: Path) -> RequestSpec:
    """Send a file's requests at their own times, or with --rate (or without any time) at a rate."""
    codes = read_codes(options.codes, ())
    speed = options.speed or 1.0
    summary = summarize(path, codes, float("inf") if options.seconds is None else options.seconds * speed)
    is_timed = summary.is_timed and options.rate is None
    if options.speed is not None and not is_timed:
        raise InvalidSpec(f"--speed: no line of {path} has a ts")
    sending = make_sending(options, is_timed=is_timed)
    total = summary.within if is_timed else summary.good
    if not is_timed and options.seconds is not None:
        total = min(total, max(round((sending.rate or DEFAULT_RATE) * options.seconds), 1))
    return RequestSpec(
        sending=sending,
        codes=codes,
        seed=options.seed,
        total=total,
        lasts_s=summary.last_s / speed if is_timed else None,
        requests=path,
        left_out=summary.left_out,
    )


def make_sending(options: TrafficOptions, *, is_timed: bool = False) -> SendOptions:
    return SendOptions(
        url=options.url,
        rate=DEFAULT_RATE if options.rate is None else options.rate,
        speed=(options.speed or 1.0) if is_timed else None,
        connections=options.connections,
    )
