"""The supervisor's log."""

import json
import logging

from ingest.supervisor.worker_log import JsonFormatter


def test_a_line_is_json_with_what_somebody_wanted_to_say() -> None:
    record = logging.makeLogRecord(
        {
            "msg": "worker %s",
            "args": ("gone\n",),
            "levelno": logging.ERROR,
            "levelname": "ERROR",
            "created": 0.5,
            "pid": 7,
        }
    )
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert json.loads(line) == {
        "pid": 7,
        "service": "ingest-supervisor",
        "event": "worker gone\n",
        "level": "error",
        "timestamp": "1970-01-01T00:00:00.500000Z",
    }


def test_an_exception_is_one_field_of_the_line() -> None:
    record = logging.makeLogRecord({"msg": "crashed", "exc_info": (ValueError, ValueError("no"), None)})
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert json.loads(line)["exception"].endswith("ValueError: no")
