"""How long-running work reports progress."""

from collections.abc import Callable

Progress = Callable[[str, float | None], None]
"""Called with a phrase that says what is being done, and how much is done, from 0 to 1 (None: not known).

May be called from any thread."""


def silent(what: str, done: float | None) -> None:
    """Report to nobody."""
