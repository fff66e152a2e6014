"""What an operator is told of an overload."""

from structlog.testing import capture_logs

from ingest.http.overload_log import PROBLEM, QUIET_S, OverloadLog


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_an_overload_that_comes_and_goes_is_told_once_and_its_end_with_all_that_it_refused() -> None:
    clock = Clock()
    with capture_logs() as logs:
        log = OverloadLog(clock)
        for refused in (0, 5, 5, 20, 20, 20):
            log.update(refused)
            clock.seconds += QUIET_S / 4
        assert log.problem == PROBLEM
        clock.seconds += QUIET_S
        log.update(20)
        assert log.problem is None
        log.update(27)
        assert log.problem == PROBLEM
    assert [(line["event"], line["requests"]) for line in logs] == [
        ("requests are refused", 5),
        ("all requests are answered again", 20),
        ("requests are refused", 7),
    ]


def test_a_long_overload_is_told_with_growing_pauses() -> None:
    clock = Clock()
    with capture_logs() as logs:
        log = OverloadLog(clock)
        for refused in range(1, 3600):
            log.update(refused)
            clock.seconds += 1
    assert len(logs) == 6
