"""A circuit breaker: stops sending requests to a store that does not answer."""

from collections.abc import Callable


class Breaker:
    """Admits every request while the store answers, and one probe every `probe_s` seconds while it does not."""

    def __init__(self, now: Callable[[], float], probe_s: float) -> None:
        self._now = now
        self._probe_s = probe_s
        self._probe_at: float | None = None

    def admits(self) -> bool:
        """Tell whether to send a request now. Admitting a probe delays the next one by `probe_s`."""
        if self._probe_at is None:
            return True
        if self._now() < self._probe_at:
            return False
        self._probe_at = self._now() + self._probe_s
        return True

    def record(self, *, answered: bool) -> None:
        self._probe_at = None if answered else self._now() + self._probe_s
