"""What `clickrail up` shows: a bar while it prepares, then one calm line; plain lines where there is no terminal."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Final, Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

PLAIN_EVERY: Final = 30
"""Without a terminal only each so many-th status is printed."""


class Screen(AbstractContextManager["Screen"], Protocol):
    """Where the run reports. May be called from any thread."""

    def progress(self, what: str, done: float | None) -> None:
        """Say what is being done, as a phrase, and how much of it is done (0 to 1; null: not known)."""

    def say(self, line: str) -> None:
        """Say something that stays."""

    def status(self, line: str) -> None:
        """Show the state as it is now, in place of the one before."""


class TerminalScreen:
    """Bars and a line that changes in place."""

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
    """Lines, for logs and pipes; each phrase of progress once, and a status now and then."""

    def __init__(self, write: Callable[[str], None] = lambda line: print(line, flush=True)) -> None:
        self._write = write
        self._last = ""
        self._statuses = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def progress(self, what: str, done: float | None) -> None:
        if what != self._last:
            self._last = what
            self._write(f"{what} ...")

    def say(self, line: str) -> None:
        self._write(Text.from_markup(line).plain)

    def status(self, line: str) -> None:
        if self._statuses % PLAIN_EVERY == 0:
            self.say(line)
        self._statuses += 1


def open_screen(*, terminal: bool) -> TerminalScreen | PlainScreen:
    return TerminalScreen() if terminal else PlainScreen()
