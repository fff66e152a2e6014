"""Why a program failed."""

from pathlib import Path

import pytest

from deploy.local.diagnosis import diagnose
from deploy.local.errors import MissingLibrary, NoDiskSpace, ServerFailed

LOG = Path("/data/logs/kafka.log")


def test_a_missing_library_is_named() -> None:
    said = "java: error while loading shared libraries: libz.so.1: cannot open shared object file: No such file"
    error = diagnose("Kafka", "exit code 127", said, LOG)
    assert isinstance(error, MissingLibrary)
    assert "the system library libz.so.1 is missing: install" in str(error)


def test_a_full_disk_is_named() -> None:
    error = diagnose("Kafka", "exit code 1", "IOException: No space left on device", LOG)
    assert isinstance(error, NoDiskSpace)


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("one\nERROR this is why\nbye\n", "exit code 1: ERROR this is why"),
        ("one\ntwo\n", "exit code 1: two"),
        ("", "exit code 1: it said nothing"),
    ],
)
def test_the_last_complaint_is_given_or_else_the_last_line(said: str, cause: str) -> None:
    error = diagnose("Kafka", "exit code 1", said, LOG)
    assert isinstance(error, ServerFailed)
    assert str(error) == f"Kafka did not start: {cause}. Its log is {LOG}."
