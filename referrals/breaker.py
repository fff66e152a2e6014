"""Keeps a store that does not answer from costing every visitor its time-out."""

from collections.abc import Callable


class Breaker:
    """Lets everything through while a store answers, and one probe each `probe_s` seconds while it does not."""

    def __init__(self, now: Callable[[], float], probe_s: float) -> None:
        self.now = now
        self.probe_s = probe_s
        self.probe_at: float | None = None

    @property
    def is_open(self) -> bool:
        return self.probe_at is not None

    def admits(self) -> bool:
        """Whether to ask the store now. A probe is admitted once: the next one is due `probe_s` later."""
        if self.probe_at is None:
            return True
        if self.now() < self.probe_at:
            return False
        self.probe_at = self.now() + self.probe_s
        return True

    def record(self, *, answered: bool) -> None:
        self.probe_at = None if answered else self.now() + self.probe_s
