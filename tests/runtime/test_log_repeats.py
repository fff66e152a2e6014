"""Lines of libraries that repeat."""

import logging

from runtime.log_repeats import RepeatFilter

MISSING = "Topic clicks.raw not found in cluster metadata"
NO_COORDINATOR = "Group Coordinator Request failed: [Error 15] GroupCoordinatorNotAvailableError"


def told(seconds: list[float], line: str = MISSING, name: str = "aiokafka.cluster") -> list[float]:
    """Give when a line, written at these times, is logged."""
    repeats = RepeatFilter("aiokafka")

    def passes(at: float) -> bool:
        record = logging.makeLogRecord({"name": name, "msg": line, "levelno": logging.ERROR})
        record.created = at
        return repeats.filter(record)

    return [at for at in seconds if passes(at)]


def test_a_line_that_repeats_is_logged_once_a_minute() -> None:
    assert told([0, 0.1, 30, 59.9, 60, 60.1, 120]) == [0, 60, 120]


def test_other_lines_and_other_loggers_are_let_through() -> None:
    assert told([0, 1, 2], name="clickrail") == [0, 1, 2]
    assert told([0, 1], name="aiokafkas.other") == [0, 1]
    repeats = RepeatFilter("aiokafka")
    lines = [logging.makeLogRecord({"name": "aiokafka", "msg": "%s is gone", "args": (place,)}) for place in "ab"]
    assert [repeats.filter(line) for line in lines] == [True, True]


def test_a_coordinator_that_a_first_start_has_to_make_is_logged_only_when_it_does_not_come() -> None:
    assert told([0, 0.1, 5, 29, 31, 32, 92], NO_COORDINATOR) == [31, 92]
