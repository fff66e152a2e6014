"""Runs a simulation: sends the requests, shows progress, writes every answer to a file, stops on a signal. Shell."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import msgspec
import uvloop

from runtime.task_scope import task_scope
from simulate.http_connection import open_connection
from simulate.ledger import Answer, Ledger, make_entry
from simulate.planned import Planned
from simulate.progress import Show, show_progress
from simulate.request_spec import RequestSpec
from simulate.send import OnAnswer, name_error, read_target, send
from simulate.traffic_options import InvalidSpec

SHOWN_EVERY_S: Final = 0.25
REACH_S: Final = 5.0
AGAIN_S: Final = 0.5
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Unreached(Exception):  # noqa: N818 - the name states what happened
    """Nothing answers at the URL; the message is for a person."""

    def __init__(self, url: str, error: str) -> None:
        super().__init__(
            f"nothing answers at {url} ({error}): start the stack with `make up`, or give the URL of another with --url"
        )


class Counts:
    """The progress so far."""

    done = failed = 0

    def count(self, _: Planned, answer: Answer) -> None:
        self.done += 1
        self.failed += answer.status is None


def run(spec: RequestSpec, ledger_file: Path | None, *, quiet: bool) -> Ledger:
    """Send the requests and return the ledger. SIGINT and SIGTERM end it early; answers under way are still counted.

    Raises InvalidSpec if the ledger's file cannot be created, OSError if it cannot be written later, Unreached if
    nothing answers at the URL.
    """
    with ExitStack() as stack:
        write = stack.enter_context(open_ledger(ledger_file)) if ledger_file is not None else None
        show = stack.enter_context(show_progress(spec.total, quiet=quiet))
        return uvloop.run(send_and_count(spec, show, write))


@contextmanager
def open_ledger(path: Path) -> Iterator[OnAnswer]:
    """Open the ledger's file; the function returned writes an answer as a line of JSON."""
    try:
        out = path.open("wb")
    except OSError as error:
        raise InvalidSpec(f"--ledger: {path} cannot be written: {error.strerror}") from None
    encode = msgspec.json.Encoder().encode
    with out:
        yield lambda planned, answer: out.write(encode(make_entry(planned, answer)) + b"\n")


async def send_and_count(spec: RequestSpec, show: Show, write: OnAnswer | None) -> Ledger:
    await check_reachable(spec.sending.url)
    stop, counts = asyncio.Event(), Counts()
    stop_on_signals(stop)

    def count_answer(planned: Planned, answer: Answer) -> None:
        counts.count(planned, answer)
        if write is not None:
            write(planned, answer)

    try:
        async with task_scope(watch(show, counts)):
            return await send(spec.plan(), spec.sending, count_answer, stop)
    finally:
        show(counts.done, counts.failed)


async def check_reachable(url: str) -> None:
    """Connect once before anything is sent. Raises Unreached."""
    try:
        async with asyncio.timeout(REACH_S):
            (await open_connection(read_target(url))).close()
    except OSError as error:
        raise Unreached(url, name_error(error)) from None


def stop_on_signals(stop: asyncio.Event) -> None:
    """Set `stop` on SIGINT or SIGTERM. A later second signal is left to Python, which ends the process."""
    loop = asyncio.get_running_loop()

    def leave() -> None:
        for number in SIGNALS:
            loop.remove_signal_handler(number)

    def end() -> None:
        if not stop.is_set():
            stop.set()
            # `timeout` and some terminals signal the process and its group: the second signal is the same request.
            loop.call_later(AGAIN_S, leave)

    for number in SIGNALS:
        loop.add_signal_handler(number, end)


async def watch(show: Show, counts: Counts) -> None:
    while True:
        show(counts.done, counts.failed)
        await asyncio.sleep(SHOWN_EVERY_S)
