"""`clickrail simulate`: sends realistic clicks to a running stack."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from simulate.request_spec import RequestSpec
    from simulate.traces.model import Trace

Rate = Annotated[
    float | None,
    typer.Option(show_default="200, or the times in --requests", help="requests per second"),
]
Speed = Annotated[
    float | None,
    typer.Option(show_default="1", help="with --trace and --requests: send at their times, this many times as fast"),
]
Seconds = Annotated[
    float | None, typer.Option(show_default="60, or all of the file or trace", help="how many seconds to send")
]
Seed = Annotated[int, typer.Option(help="the same seed sends the same requests in the same order")]
Url = Annotated[
    str | None,
    typer.Option(
        show_default="http://127.0.0.1:8080, or the port of CLICKRAIL_INGEST_PORT",
        help="URL of ingest, which must trust this machine as a proxy (`make up` does)",
    ),
]
Codes = Annotated[
    str | None,
    typer.Option(
        show_default="those of the demo; with --requests none",
        help="referral codes, comma-separated; the first gets the most visits. With --requests: paths that are not a "
        "link are replaced by links of these codes",
    ),
]
Connections = Annotated[int, typer.Option(help="how many requests may be open at the same time")]
Requests = Annotated[
    Path | None,
    typer.Option(
        show_default=False,
        help="send the requests of this file: JSON lines with ip, method, path, and if known ts (the time), referrer, "
        "user_agent",
    ),
]
TraceName = Annotated[
    str | None,
    typer.Option(
        show_default=False,
        help="send a labelled trace at its own times: people (office, nat, relay, webviews, coupon-tabs, double-taps, "
        "newsletter) or machines (mail-gateway, twin, quote-pairs, burst, slow-bot, proxies, tor, attack)",
    ),
]
Size = Annotated[
    int | None, typer.Option(show_default="the trace's own", help="with --trace: how many people, mails or requests")
]
Background = Annotated[
    int | None,
    typer.Option(show_default="the trace's own", help="with --trace: how many ordinary people beside them"),
]
Write = Annotated[
    Path | None,
    typer.Option(show_default=False, help="with --trace: write raw clicks with their labels here, and send nothing"),
]
Start = Annotated[
    str | None, typer.Option(show_default="2026-05-04T09:00:00Z", help="with --write: when the trace begins")
]
LedgerFile = Annotated[
    Path | None, typer.Option("--ledger", show_default=False, help="write the answer to each request to this file")
]
Json = Annotated[bool, typer.Option("--json", help="print the ledger as JSON")]


def simulate(  # noqa: PLR0913, PLR0917 - each parameter is an option of the command line
    rate: Rate = None,
    speed: Speed = None,
    seconds: Seconds = None,
    seed: Seed = 1,
    url: Url = None,
    codes: Codes = None,
    connections: Connections = 128,
    requests: Requests = None,
    trace: TraceName = None,
    size: Size = None,
    background: Background = None,
    write: Write = None,
    start: Start = None,
    ledger: LedgerFile = None,
    as_json: Json = False,
) -> None:
    """Send realistic clicks to a running stack, and report the answers. Ctrl-C ends it early."""
    import os

    from cli.errors import exit_on
    from simulate.request_spec import make_spec
    from simulate.traffic_options import InvalidSpec, TrafficOptions, find_url

    with exit_on(InvalidSpec):
        options = TrafficOptions(
            url=find_url(url, os.environ),
            connections=connections,
            rate=rate,
            speed=speed,
            seconds=seconds,
            seed=seed,
            codes=codes,
            requests=requests,
            trace=trace,
            size=size,
            background=background,
        )
        spec = make_spec(options)
        if write is None and start is None:
            send(spec, ledger, as_json)
        elif write is None or spec.trace is None:
            raise InvalidSpec("--write needs --trace, and --start needs --write")
        elif (seconds, speed, ledger) != (None, None, None):
            raise InvalidSpec(
                "--write writes the whole trace and sends nothing: leave out --seconds, --speed, --ledger"
            )
        else:
            write_file(spec.trace, write, start)


def send(spec: "RequestSpec", ledger: Path | None, as_json: bool) -> None:
    import msgspec

    from simulate.report import describe, describe_duration, describe_left_out
    from simulate.run import Unreached, run

    for line in (*describe_left_out(spec), *describe_duration(spec)):
        print(line, file=sys.stderr)
    try:
        made = run(spec, ledger, quiet=as_json)
    except (Unreached, OSError) as error:
        raise fail(str(error)) from None
    for line in [msgspec.json.encode(made).decode()] if as_json else describe(made, spec.codes):
        print(line)
    if made.sent and not made.answered:
        raise fail(f"nothing answered at {spec.sending.url}: {', '.join(made.errors)}")


def write_file(trace: "Trace", path: Path, start: str | None) -> None:
    from simulate.trace_file import read_start, write_trace

    try:
        write_trace(trace, path, read_start(start))
    except OSError as error:
        raise fail(f"{path} is not complete: {error.strerror}") from None
    print(f"{len(trace.requests):,} requests of the trace {trace.name}, seed {trace.seed}, are in {path}")


def fail(why: str) -> typer.Exit:
    print(f"clickrail: {why}", file=sys.stderr)
    return typer.Exit(1)
