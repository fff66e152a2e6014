"""Follows an order: sends, shows how far it is, writes every answer down, ends early when told to. Shell."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import msgspec
import uvloop

from runtime.task_scope import task_scope
from simulate.http_connection import open_line
from simulate.ledger import Answer, Ledger, enter
from simulate.planned import Planned
from simulate.progress import Show, showing
from simulate.request_spec import BadOrder, Order
from simulate.send import OnAnswer, name_error, read_target, send

SHOWN_EVERY_S: Final = 0.25
REACH_S: Final = 5.0
AGAIN_S: Final = 0.5
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Unreached(Exception):  # noqa: N818 - what happened
    """Nothing answers there; the message is for a person."""

    def __init__(self, url: str, error: str) -> None:
        super().__init__(
            f"nothing answers at {url} ({error}): start the stack with `make up`, or name another by --url"
        )


class Counts:
    """How far it is."""

    done = failed = 0

    def count(self, _: Planned, answer: Answer) -> None:
        self.done += 1
        self.failed += answer.status is None


def run(order: Order, ledger_file: Path | None, *, quiet: bool) -> Ledger:
    """Send what is ordered and give the ledger. SIGINT and SIGTERM end it early, in good order.

    Raises BadOrder when the ledger's file cannot be made and OSError when it cannot be written any further; Unreached
    when there is nobody to send to.
    """
    with ExitStack() as stack:
        write = stack.enter_context(writing(ledger_file)) if ledger_file is not None else None
        show = stack.enter_context(showing(order.total, quiet=quiet))
        return uvloop.run(follow(order, show, write))


@contextmanager
def writing(path: Path) -> Iterator[OnAnswer]:
    """Give what writes each answer to a file, a line of JSON."""
    try:
        out = path.open("wb")
    except OSError as error:
        raise BadOrder(f"--ledger: {path} cannot be written: {error.strerror}") from None
    encode = msgspec.json.Encoder().encode
    with out:
        yield lambda planned, answer: out.write(encode(enter(planned, answer)) + b"\n")


async def follow(order: Order, show: Show, write: OnAnswer | None) -> Ledger:
    await reach(order.sending.url)
    stop, counts = asyncio.Event(), Counts()
    end_by_signal(stop)

    def take(planned: Planned, answer: Answer) -> None:
        counts.count(planned, answer)
        if write is not None:
            write(planned, answer)

    try:
        async with task_scope(watch(show, counts)):
            return await send(order.plan(), order.sending, take, stop)
    finally:
        show(counts.done, counts.failed)


async def reach(url: str) -> None:
    """Try the address before anything is sent to it. Raises Unreached."""
    try:
        async with asyncio.timeout(REACH_S):
            (await open_line(read_target(url))).close()
    except OSError as error:
        raise Unreached(url, name_error(error)) from None


def end_by_signal(stop: asyncio.Event) -> None:
    """Let SIGINT or SIGTERM end the sending; one that comes later is left to Python, which ends everything."""
    loop = asyncio.get_running_loop()

    def leave() -> None:
        for number in SIGNALS:
            loop.remove_signal_handler(number)

    def end() -> None:
        if not stop.is_set():
            stop.set()
            # `timeout` and some terminals signal a process and its group, which is the same wish twice.
            loop.call_later(AGAIN_S, leave)

    for number in SIGNALS:
        loop.add_signal_handler(number, end)


async def watch(show: Show, counts: Counts) -> None:
    while True:
        show(counts.done, counts.failed)
        await asyncio.sleep(SHOWN_EVERY_S)
