"""The drill: `pytest tests/faults --drill` runs the long forms of the fault tests, and reports what people can read.

Without it the same tests run in their short forms. A test says which lengths it has, and what it found:

    async def test_no_click_is_lost_while_redis_is_frozen(drill: Drill) -> None:
        await click_for(drill.seconds(short=2, long=60))
        drill.note("9", "Redis frozen under 200 clicks/s", f"p99 {p99_ms:.0f} ms", "p99 <= 60 ms", met=p99_ms <= 60)
"""

import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from tests.faults.drill_report import Circumstances, Note, Outcome, Trial, render

REPORT: Final = Path(".local", "drill.md")
LONGEST_S: Final = 3600
"""A test in its long form may take so long, unless it says otherwise by a `timeout` mark of its own."""


class Drill:
    """What one test knows of the drill. `long` is false in `make test`."""

    def __init__(self, item: pytest.Item) -> None:
        self.long = is_drill(item.config)
        self._item = item

    def seconds(self, short: float, long: float) -> float:
        return long if self.long else short

    def note(self, row: str, what: str, figure: str, target: str, met: bool | None) -> None:
        """Put a figure beside its target in the report: `row` is the fault's number, `met` null without a promise."""
        self._item.user_properties.append(("drill", Note(row, what, figure, target, met)))


@pytest.fixture
def drill(request: pytest.FixtureRequest) -> Drill:
    return Drill(request.node)


@pytest.fixture
def only_in_drill(request: pytest.FixtureRequest) -> None:
    """For a test without a short form: `@pytest.mark.usefixtures("only_in_drill")`."""
    if not is_drill(request.config):
        pytest.skip("held in `make drill` only")


class Recorder:
    """Follows the tests of a session and writes the report at its end."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._reports: dict[str, list[pytest.TestReport]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # A drill is of real processes: what is pure is tested in the same folder, and is no news to an operator.
        if "processes" in report.keywords:
            self._reports.setdefault(report.nodeid, []).append(report)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        text = render(circumstances(self._root), [trial_of(reports) for reports in self._reports.values()])
        path = self._root / REPORT
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        terminalreporter.section("drill")
        terminalreporter.write(text)
        terminalreporter.write_line(f"written to {path}")


def trial_of(reports: Sequence[pytest.TestReport]) -> Trial:
    """Put the reports of a test's set-up, call and end together."""
    outcomes = [report.outcome for report in reports]
    outcome: Outcome = next((outcome for outcome in ("failed", "skipped") if outcome in outcomes), "passed")
    return Trial(
        test=reports[0].nodeid,
        outcome=outcome,
        seconds=sum(report.duration for report in reports),
        # Each report holds all that was noted until then.
        notes=tuple(note for name, note in reports[-1].user_properties if name == "drill"),
        reason=next((reason_of(report) for report in reports if report.outcome == outcome), ""),
    )


def reason_of(report: pytest.TestReport) -> str:
    match report.longrepr:
        case (_, _, reason):
            return str(reason)
        case None:
            return ""
        case found:
            crash = getattr(found, "reprcrash", None)
            return str(crash.message if crash else found)


def circumstances(root: Path) -> Circumstances:
    git = ("git", "-C", str(root))
    commit = subprocess.run((*git, "rev-parse", "--short", "HEAD"), capture_output=True, text=True, check=False)
    changed = subprocess.run((*git, "status", "--porcelain"), capture_output=True, text=True, check=False)
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return Circumstances(
        date=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        commit=(commit.stdout.strip() or "unknown") + (" with changes" if changed.stdout else ""),
        machine=f"{os.cpu_count()} cores, {gib:.0f} GiB, {platform.platform()}, Python {platform.python_version()}",
    )


def is_drill(config: pytest.Config) -> bool:
    # The option is unknown to a session that found this file only after it had read its command line.
    return bool(config.getoption("drill", default=False))


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
