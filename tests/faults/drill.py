"""The drill: tests note figures beside their targets, and the session writes a report at the end."""

import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
import pytest

from tests.faults.drill_report import Circumstances, Note, Outcome, Trial, render

REPORT: Final = Path(".local", "drill.md")
SHORT_PER_S: Final = 60


class Drill:
    """The drill for one test. `long` is false in `make test`."""

    def __init__(self, item: pytest.Item) -> None:
        self.long = is_drill(item.config)
        self.soak_minutes = float(item.config.getoption("soak_minutes"))
        self.soak_rate = float(item.config.getoption("soak_rate"))
        self._item = item

    def seconds(self, short: float, long: float) -> float:
        return long if self.long else short

    def clicks_per_s(self, long: float) -> float:
        """Give the rate of a load: in short forms a low one, so that many tests may run side by side."""
        return self.seconds(min(long, SHORT_PER_S), long)

    def note(self, row: str, what: str, figure: str, target: str, met: bool | None) -> None:
        """Put a figure beside its target in the report: `row` is the fault's number, `met` null without a promise."""
        # As plain values, which a worker can send to the process that writes the report.
        self._item.user_properties.append(("drill", msgspec.to_builtins(Note(row, what, figure, target, met))))


class Recorder:
    """Follows the tests of a session and writes the report at its end."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._reports: dict[str, list[pytest.TestReport]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # Report only tests with real processes: pure tests in the folder do not interest an operator.
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
    """Combine the reports of a test's set-up, call and teardown."""
    outcomes = [report.outcome for report in reports]
    outcome: Outcome = next((outcome for outcome in ("failed", "skipped") if outcome in outcomes), "passed")
    return Trial(
        test=reports[0].nodeid,
        outcome=outcome,
        seconds=sum(report.duration for report in reports),
        # Each report holds all that was noted until then.
        notes=tuple(msgspec.convert(note, Note) for name, note in reports[-1].user_properties if name == "drill"),
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
    return bool(config.getoption("drill"))
