"""Heartbeats of a worker."""

import asyncio
from typing import Any

import msgspec

from ingest.readiness import Readiness
from ingest.supervisor.heartbeat import (
    STOPPING,
    WORKER,
    find_degraded,
    find_problem,
    is_stopping,
    read_heartbeat,
    write_heartbeat,
)


def test_a_report_is_read_as_it_was_written() -> None:
    report = {"referrals": None, "public port": "not open yet"}
    assert read_heartbeat(write_heartbeat(report)) == report


def test_what_is_wrong_is_named_and_what_is_not_is_left_out() -> None:
    assert find_problem({"referrals": "away", "public port": None, "disk": "full"}) == "referrals: away; disk: full"
    assert find_problem({"referrals": None}) is None
    assert find_problem({}) is None


def test_a_worker_that_works_without_something_is_ready() -> None:
    readiness = Readiness(asyncio.Event())
    readiness.env = make_environment("away")
    heartbeat = readiness.degraded()
    assert find_problem(heartbeat) is None
    assert find_degraded(heartbeat) == "journal: away; kafka: away; load: away"


class Part(msgspec.Struct):
    problem: str


def make_environment(problem: str) -> Any:
    """Give the parts of an environment that a process can work without."""
    part = Part(problem)
    return msgspec.defstruct("Environment", ["journal", "publisher", "overload_log"])(part, part, part)


def test_a_line_that_is_no_report_is_what_is_wrong() -> None:
    for line in (b"\n", b"half a li", b"[1]\n", b'{"referrals": 1}\n', b"\xff\n"):
        assert find_problem(read_heartbeat(line)) == "report: of another version"


def test_a_worker_that_stops_is_not_one_that_has_a_problem() -> None:
    assert is_stopping({WORKER: STOPPING})
    assert not is_stopping({WORKER: None, "referrals": STOPPING})
    assert not is_stopping({})
