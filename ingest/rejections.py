"""Which refusals are written down: at most so many a second and reason, so that a scan cannot fill a topic. Pure."""

from typing import Final

MOST_PER_SECOND: Final = 20


class RejectionGate:
    """Counts the recorded refusals of the current second, by reason."""

    def __init__(self) -> None:
        self._second = 0
        self._counts: dict[str, int] = {}

    def admits(self, number: str, now_s: int) -> bool:
        """Tell whether one more refusal for this reason may be recorded in this second, and count it."""
        if now_s != self._second:
            self._second = now_s
            self._counts.clear()
        count = self._counts.get(number, 0)
        self._counts[number] = count + 1
        return count < MOST_PER_SECOND
