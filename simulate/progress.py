"""Shows the progress of sending: a bar on a terminal, else a line every few seconds. Shell."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Show = Callable[[int, int], None]
"""Called with the number of requests done, and how many of them failed."""

LINE_S: Final = 5.0


@contextmanager
def show_progress(total: int, *, quiet: bool) -> Iterator[Show]:
    """Show progress on standard error; with `quiet` (for scripts) only on a terminal."""
    console = Console(stderr=True)
    if console.is_terminal:
        with bar(console, total) as show:
            yield show
    elif quiet:
        yield lambda _done, _failed: None
    else:
        yield lines(total)


@contextmanager
def bar(console: Console, total: int) -> Iterator[Show]:
    columns = (
        TextColumn("sending"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:,.0f}/s"),
        TextColumn("[red]{task.fields[failed]}"),
        TimeRemainingColumn(),
    )
    started = monotonic()
    with Progress(*columns, console=console, auto_refresh=False) as progress:
        task = progress.add_task("", total=total, rate=0.0, failed="")

        def show(done: int, failed: int) -> None:
            rate = done / max(monotonic() - started, 0.001)
            words = f"{failed:,} failed" if failed else ""
            progress.update(task, completed=done, rate=rate, failed=words, refresh=True)

        yield show


def lines(total: int) -> Show:
    started = last = monotonic()

    def show(done: int, failed: int) -> None:
        nonlocal last
        if monotonic() - last >= LINE_S:
            last = monotonic()
            print(
                f"{last - started:.0f} s: {done:,} of {total:,} answered, {failed:,} failed",
                file=sys.stderr,
                flush=True,
            )

    return show
