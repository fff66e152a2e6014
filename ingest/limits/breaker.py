"""Keeps a store that does not answer from being asked all the time."""

from collections.abc import Callable


class Breaker:
    """Lets everything through while a store answers, and one probe each `probe_s` seconds while it does not."""

    def __init__(self, now: Callable[[], float], probe_s: float) -> None:
        self._now = now
        self._probe_s = probe_s
        self._probe_at: float | None = None

    def admits(self) -> bool:
        """Whether to ask the store now. A probe is admitted once: the next one is due `probe_s` later."""
        if self._probe_at is None:
            return True
        if self._now() < self._probe_at:
            return False
        self._probe_at = self._now() + self._probe_s
        return True

    def record(self, *, answered: bool) -> None:
        self._probe_at = None if answered else self._now() + self._probe_s
