"""The drill: `pytest tests/faults --drill` runs the long forms of the fault tests, and reports what people can read.

Without it the same tests run in their short forms. A test says which lengths it has, and what it found:

    async def test_no_click_is_lost_while_redis_is_frozen(drill: Drill) -> None:
        await click_for(drill.seconds(short=2, long=60))
        drill.note("9", "Redis frozen under 200 clicks/s", f"p99 {p99_ms:.0f} ms", "p99 <= 60 ms", met=p99_ms <= 60)
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.faults.drill import Drill, Recorder, is_drill
from tests.faults.stores import MakeShop, StoredShop

LONGEST_S: Final = 3600
"""A test in its long form may take so long, unless it says otherwise by a `timeout` mark of its own."""


@pytest.fixture
def drill(request: pytest.FixtureRequest) -> Drill:
    return Drill(request.node)


@pytest.fixture
def only_in_drill(request: pytest.FixtureRequest) -> None:
    """For a test without a short form: `@pytest.mark.usefixtures("only_in_drill")`."""
    if not is_drill(request.config):
        pytest.skip("held in `make drill` only")


@pytest.fixture
def stored_shop(tmp_path: Path, kafka: str, database_url: str, topic_prefix: str) -> MakeShop:
    """Make a shop with that Redis."""
    return lambda redis_url: StoredShop(tmp_path, kafka, database_url, redis_url, topic_prefix)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--drill", action="store_true", help="hold the fault tests in their long forms, and report")


def pytest_configure(config: pytest.Config) -> None:
    if is_drill(config):
        config.pluginmanager.register(Recorder(config.rootpath), "drill")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    if is_drill(config):
        for item in items:
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(LONGEST_S))
