"""How often something may be done."""

from collections.abc import Callable


class TokenBucket:
    """Once each `pause_s` seconds on average, and `burst` times in a row after a rest."""

    def __init__(self, now: Callable[[], float], pause_s: float, burst: int) -> None:
        self._now = now
        self._pause_s = pause_s
        self._leeway_s = pause_s * (burst - 1)
        self._due = now()

    def wait_s(self) -> float:
        """Give how long to wait; at most 0 when it may be done now."""
        return self._due - self._leeway_s - self._now()

    def take(self) -> None:
        self._due = max(self._due, self._now()) + self._pause_s

    def admits(self) -> bool:
        """Take one if it may be done now."""
        admitted = self.wait_s() <= 0
        if admitted:
            self.take()
        return admitted
