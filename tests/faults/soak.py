"""Whether a process grows while it runs for long: its figures at times, and their slope."""

import asyncio
import itertools
import statistics
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from tests.faults.brokers import WAITING
from tests.faults.oracles import open_files, pid_of, resident_mib
from tests.faults.shop import read_metric
from tests.pipeline import Pipeline, Service

SAMPLES: Final = 120
"""How many samples a soak takes, however long it is."""
WARM_SHARE: Final = 0.2
"""The share of a soak, at its beginning, that is not looked at: caches fill."""
LAG: Final = "kafka_consumergroup_lag"
MOST_MIB: Final = 8.0
MOST_FILES: Final = 4.0
MOST_THREADS: Final = 1.0
BEHIND_S: Final = 2.0
"""Lag may grow by the clicks of so long a time."""

Series = Sequence[tuple[float, float]]
"""Times in seconds, and the figure at each."""


class Growth(msgspec.Struct, frozen=True):
    """How much a figure has grown over the time looked at, by its slope, and how much it may."""

    what: str
    unit: str
    median: float
    grown: float
    most: float

    @property
    def is_flat(self) -> bool:
        return self.grown <= self.most

    def __str__(self) -> str:
        return f"{self.median:.0f} {self.unit}, grown by {self.grown:.1f}"


def find_slope(series: Series) -> float:
    """Give the median of the slopes between each two samples (Theil and Sen): a few outliers do not move it."""
    pairs = itertools.combinations(series, 2)
    return statistics.median((later - value) / (then - at) for (at, value), (then, later) in pairs)


def measure_growth(what: str, series: Series, most: float) -> Growth:
    """Measure how much a figure has grown after the time in which caches fill. `what` ends with its unit."""
    warm = series[int(len(series) * WARM_SHARE) :]
    grown = find_slope(warm) * (warm[-1][0] - warm[0][0])
    name, _, unit = what.rpartition(" ")
    return Growth(name, unit, statistics.median(value for _, value in warm), grown, most)


class Watch:
    """Samples memory, open files and threads of each service, and the clicks that wait for each stage."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._series: dict[str, list[tuple[float, float]]] = defaultdict(list)

    @asynccontextmanager
    async def sampling(self, each_s: float) -> AsyncIterator[None]:
        task = asyncio.create_task(self._sample_for_ever(each_s))
        try:
            yield
        finally:
            task.cancel()

    def growths(self, rate: float) -> list[Growth]:
        """Give how much each figure has grown under `rate` clicks a second."""
        most = {"MiB": MOST_MIB, "files": MOST_FILES, "threads": MOST_THREADS, "clicks": rate * BEHIND_S}
        return [measure_growth(what, series, most[what.split()[-1]]) for what, series in self._series.items()]

    async def _sample_for_ever(self, each_s: float) -> None:
        while True:
            for name, service in self._pipeline.services.items():
                for what, value in {**figures_of(service), **await waiting_for(service)}.items():
                    self._series[f"{name}: {what}"].append((time.monotonic(), value))
            await asyncio.sleep(each_s)


def figures_of(service: Service) -> dict[str, float]:
    pid = pid_of(service)
    threads = sum(1 for _ in Path(f"/proc/{pid}/task").iterdir())
    return {"memory MiB": resident_mib(pid), "open files": open_files(pid), "running threads": threads}


async def waiting_for(service: Service) -> dict[str, float]:
    metric = WAITING if service.name == "ingest" else LAG
    return {"waiting clicks": await read_metric(service.private_port, metric)}
