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

BROKEN: Final = ("second_kafka", "third_kafka")
"""Kafkas that tests break. They wait for minutes in all, so the tests of a folder have one of their own."""
DEAR: Final = (*BROKEN, "aftermath", "ingest", "browser", "forker", "timescaledb_server", "world", "berlin")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    for item in items:
        if group := next((name for name in DEAR if name in fixtures_of(item)), None):
            of_folder = f" of {item.path.parent.name}" if group in BROKEN else ""
            item.add_marker(pytest.mark.xdist_group(group + of_folder))
