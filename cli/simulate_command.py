"""`clickrail simulate`: sends realistic clicks to a running stack."""

import sys
from pathlib import Path
from typing import Annotated

import typer

Rate = Annotated[
    float | None,
    typer.Option(show_default="200, or the times in --requests", help="requests per second"),
]
Speed = Annotated[
    float | None,
    typer.Option(show_default="1", help="with --requests: send at the times in the file, this many times as fast"),
]
Seconds = Annotated[
    float | None, typer.Option(show_default="60, or all of --requests", help="how many seconds to send")
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
    ledger: LedgerFile = None,
    as_json: Json = False,
) -> None:
    """Send realistic clicks to a running stack, and report the answers. Ctrl-C ends it early."""
    import os

    import msgspec

    from cli.errors import exit_on
    from simulate.report import describe
    from simulate.request_spec import InvalidSpec, TrafficOptions, describe_left_out, find_url, make_spec
    from simulate.run import Unreached, run

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
        )
        spec = make_spec(options)
        for line in describe_left_out(spec):
            print(line, file=sys.stderr)
        try:
            made = run(spec, ledger, quiet=as_json)
        except (Unreached, OSError) as error:
            raise fail(str(error)) from None
    for line in [msgspec.json.encode(made).decode()] if as_json else describe(made, spec.codes):
        print(line)
    if made.sent and not made.answered:
        raise fail(f"nothing answered at {options.url}: {', '.join(made.errors)}")


def fail(why: str) -> typer.Exit:
    print(f"clickrail: {why}", file=sys.stderr)
    return typer.Exit(1)
