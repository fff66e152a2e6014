"""What fails for ever does not fill the log."""

from collections.abc import Callable

import structlog
from structlog.testing import capture_logs

from runtime.outage_log import OutageLog

MINUTE, HOUR = 60, 3600


class Told:
    """An outage log with a clock, and when it said what, in minutes."""

    def __init__(self) -> None:
        self.at = 0.0
        self.lines: list[tuple[float, str, object]] = []
        self.outage = OutageLog(structlog.get_logger(), "not written", "written again", lambda: self.at)

    def fail(self, seconds: float, reason: str = "no space") -> None:
        self._note(seconds, lambda: self.outage.fail(reason, folder="/data"))

    def end(self, seconds: float) -> None:
        self._note(seconds, self.outage.end)

    def _note(self, seconds: float, act: Callable[[], None]) -> None:
        self.at = seconds
        with capture_logs() as logs:
            act()
        self.lines += [(seconds / MINUTE, line["event"], line.get("error")) for line in logs]


def test_the_same_failure_is_said_at_once_and_then_after_ever_longer_pauses() -> None:
    told = Told()
    for second in range(0, 8 * HOUR, 10):
        told.fail(second)
    assert [at for at, _, _ in told.lines] == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 303, 363, 423]


def test_another_failure_is_said_at_once() -> None:
    told = Told()
    for second, reason in enumerate(["no space", "no space", "read-only", "read-only"]):
        told.fail(second, reason)
    assert [error for _, _, error in told.lines] == ["no space", "read-only"]


def test_that_it_works_again_is_said_once_and_the_next_failure_at_once() -> None:
    told = Told()
    told.end(0)
    told.fail(60)
    told.end(120)
    told.end(180)
    told.fail(240)
    assert told.lines == [(1, "not written", "no space"), (2, "written again", None), (4, "not written", "no space")]


def test_how_long_it_lasts_is_said() -> None:
    told = Told()
    told.outage.fail("no space")
    told.at = 61
    with capture_logs() as logs:
        told.outage.fail("no space")
        told.outage.end()
    assert [(line.get("failing_for_s"), line.get("failed_for_s")) for line in logs] == [(61, None), (None, 61)]
