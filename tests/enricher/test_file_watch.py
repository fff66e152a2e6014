"""The watch over the enricher's files."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from enricher.file_watch import FileWatch, watch_files
from enricher.metrics import EnricherMetrics
from runtime.task_scope import task_scope
from tests.waiting import eventually


class CountedFiles:
    """Files whose first looks at the disk fail, as no file should make them."""

    problems: Sequence[str] = ()

    def __init__(self, failing: int = 0) -> None:
        self.failing = failing
        self.looked = 0

    def refresh(self) -> bool:
        self.looked += 1
        if self.looked <= self.failing:
            raise RuntimeError("nobody foresaw this")
        return False


async def test_a_look_at_files_that_fails_ends_neither_their_watch_nor_that_of_the_others() -> None:
    metrics = EnricherMetrics(CollectorRegistry())
    broken, whole = CountedFiles(failing=2), CountedFiles()
    watches = [
        FileWatch("geo database", broken, metrics.geo_problems),
        FileWatch("quality rules", whole, metrics.rules_problems),
    ]

    async with task_scope(watch_files(watches, 0.01)):
        await eventually(lambda: broken.looked > 3 and whole.looked > 3)
        await eventually(lambda: metrics.geo_problems._value.get() == 0)


async def test_a_look_that_fails_is_shown_as_a_problem() -> None:
    metrics = EnricherMetrics(CollectorRegistry())
    watch = FileWatch("geo database", CountedFiles(failing=10**9), metrics.geo_problems)

    async with task_scope(watch_files([watch], 0.01)):
        await eventually(lambda: metrics.geo_problems._value.get() == 1)
