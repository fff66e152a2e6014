"""The drill: `pytest --drill` holds the tests that have a long form in that form, and the fault tests, and reports.

Without it the same tests run in their short forms. A test says which lengths it has, and what it found:

    async def test_no_click_is_lost_while_redis_is_frozen(drill: Drill) -> None:
        await click_for(drill.seconds(short=2, long=60))
        drill.note("9", "Redis frozen under 200 clicks/s", f"p99 {p99_ms:.0f} ms", "p99 <= 60 ms", met=p99_ms <= 60)
"""

from typing import Final

import pytest

from tests.faults.drill import Drill, Recorder, is_drill
from tests.pipeline import Service

LONGEST_S: Final = 3600
"""A test in its long form may take so long, unless it says otherwise by a `timeout` mark of its own."""
FIXTURES: Final = {"drill", "only_in_drill"}
"""A test with one of them has a long form."""


@pytest.fixture
def drill(request: pytest.FixtureRequest) -> Drill:
    return Drill(request.node)


@pytest.fixture(scope="session")  # of the session, so that a property may use it
def only_in_drill(request: pytest.FixtureRequest) -> None:
    """For a test without a short form: `@pytest.mark.usefixtures("only_in_drill")`."""
    if not is_drill(request.config):
        pytest.skip("held in `make drill` only")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--drill", action="store_true", help="hold tests in their long forms, and report")
    parser.addoption("--drill-seed", type=int, default=1, help="which faults fall together is drawn by this number")
    parser.addoption("--soak-minutes", type=float, default=30, help="how long the soak lasts, in minutes")
    parser.addoption(
        "--soak-rate", type=float, default=700, help="its clicks a second: 70 %% of what the machine holds"
    )


def pytest_configure(config: pytest.Config) -> None:
    if is_drill(config):
        Service.forks = False
        config.pluginmanager.register(Recorder(config.rootpath), "drill")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not is_drill(config):
        return
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(LONGEST_S))
    short = [item for item in items if not is_drilled(item)]
    items[:] = [item for item in items if is_drilled(item)]
    config.hook.pytest_deselected(items=short)


def is_drilled(item: pytest.Item) -> bool:
    return item.path.parent.name == "faults" or not FIXTURES.isdisjoint(fixtures_of(item))


def fixtures_of(item: pytest.Item) -> list[str]:
    """Give the names of all fixtures of a test, also of those that its fixtures ask for."""
    return item.fixturenames if isinstance(item, pytest.Function) else []
