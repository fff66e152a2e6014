"""What `clickrail up` shows: a progress bar, then a status line; plain lines without a terminal."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Final, Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

PLAIN_EVERY_S: Final = 60.0
"""Without a terminal, a status is printed if it has changed, and at most this often."""


class Screen(AbstractContextManager["Screen"], Protocol):
    """Shows what the run reports. May be called from any thread."""

    def progress(self, what: str, done: float | None) -> None:
        """Show what is being prepared, as a phrase, and how much is done (0 to 1, or null if not known).

        For what happens after the start, use `say`.
        """

    def say(self, line: str) -> None:
        """Print a line that stays."""

    def status(self, line: str) -> None:
        """Show the current status in place of the one before."""


class TerminalScreen:
    """A progress bar, then a line that changes in place."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._live = Live(console=self._console, refresh_per_second=8, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self._live.stop()

    def progress(self, what: str, done: float | None) -> None:
        row = Table.grid(padding=(0, 2))
        bar = ProgressBar(total=1, completed=done or 0, pulse=done is None, width=30)
        row.add_row(bar, Text(what, style="dim"))
        self._live.update(row)

    def say(self, line: str) -> None:
        self._console.print(Text.from_markup(line))

    def status(self, line: str) -> None:
        self._live.update(Text.from_markup(line))


class PlainScreen:
    """Lines, for logs and pipes: each phrase of progress once, and a status when it changes, at most each minute."""

    def __init__(
        self,
        write: Callable[[str], None] = lambda line: print(line, flush=True),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write = write
        self._clock = clock
        self._phrases: set[str] = set()
        self._status = ""
        self._next_status_at = float("-inf")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def progress(self, what: str, done: float | None) -> None:
        # Tasks that run at the same time report in turns.
        if what not in self._phrases:
            self._phrases.add(what)
            self._write(f"{what} ...")

    def say(self, line: str) -> None:
        self._write(Text.from_markup(line).plain)

    def status(self, line: str) -> None:
        now = self._clock()
        if line != self._status and now >= self._next_status_at:
            self._status, self._next_status_at = line, now + PLAIN_EVERY_S
            self.say(line)


def open_screen(*, terminal: bool) -> TerminalScreen | PlainScreen:
    return TerminalScreen() if terminal else PlainScreen()
