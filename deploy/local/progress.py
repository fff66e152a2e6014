"""How long work tells what it is doing."""

from collections.abc import Callable

Progress = Callable[[str, float | None], None]
"""Called with what is being done, as a phrase for a person, and how much is done from 0 to 1; None: not known.

May be called from any thread."""


def silent(what: str, done: float | None) -> None:
    """Report to nobody."""
