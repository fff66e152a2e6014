"""Which tests are given to one worker, when several workers run the tests side by side.

Kafka is shared by all workers (tests/keeper.py). Of the other servers a worker has its own, started by the first of its
tests that asks for them. What most tests ask for, every worker starts. What few ask for and takes seconds to start, one
worker starts for all of them. A module whose fixture is as dear says so with a mark:
`pytestmark = [pytest.mark.xdist_group("broker"), ...]`.
"""

from collections.abc import Sequence
from typing import Final

import pytest

from tests.drilling import fixtures_of

DEAR: Final = (
    *("second_kafka", "third_kafka", "aftermath", "ingest", "browser", "forker", "timescaledb_server"),
    *("world", "berlin"),
)
BROKEN: Final = ("second_kafka", "third_kafka")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    for item in items:
        if group := next((name for name in DEAR if name in fixtures_of(item)), None):
            # Tests that break a Kafka wait for minutes in all: those of a folder have one of their own.
            of_folder = f" of {item.path.parent.name}" if group in BROKEN else ""
            item.add_marker(pytest.mark.xdist_group(group + of_folder))
