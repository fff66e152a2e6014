"""A token bucket: limits how often something is done."""

from collections.abc import Callable


class TokenBucket:
    """Allows one action each `pause_s` seconds on average, and `burst` actions in a row after a rest."""

    def __init__(self, now: Callable[[], float], pause_s: float, burst: int) -> None:
        self._now = now
        self._pause_s = pause_s
        self._leeway_s = pause_s * (burst - 1)
        self._due = now()

    def wait_s(self) -> float:
        """Return how long to wait; 0 or less when a token is available."""
        return self._due - self._leeway_s - self._now()

    def take(self) -> None:
        self._due = max(self._due, self._now()) + self._pause_s

    def try_take(self) -> bool:
        """Take a token if one is available, and tell whether it was."""
        is_available = self.wait_s() <= 0
        if is_available:
            self.take()
        return is_available
