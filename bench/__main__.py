"""`python -m bench [idle] [pipeline] ...`: measure all of `MEASUREMENTS`, or those named, and print the table."""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench.attribution import measure_attribution
from bench.console import measure_console
from bench.idle import measure_idle
from bench.isolation import measure_isolation
from bench.pipeline import measure_pipeline
from bench.publishing import measure_publishing
from bench.redirect import measure_redirect
from bench.report import Figure, print_table
from bench.scaling import measure_scaling
from bench.snapshot import measure_snapshot
from bench.stack import Bench, open_bench
from bench.steps import measure_steps
from bench.storage import measure_storage
from bench.volumes import measure_volumes

# The redirect behind the pipeline: it leaves a backlog of hundreds of thousands of clicks in the topic.
MEASUREMENTS: dict[str, Callable[[Bench], Awaitable[list[Figure]]]] = {
    "idle": measure_idle,
    "isolation": measure_isolation,
    "pipeline": measure_pipeline,
    "redirect": measure_redirect,
    "publishing": measure_publishing,
    "scaling": measure_scaling,
    "volumes": measure_volumes,
    "steps": measure_steps,
    "snapshot": measure_snapshot,
    "storage": measure_storage,
    "attribution": measure_attribution,
    "console": measure_console,
}


async def run(names: list[str]) -> list[Figure]:
    folder = Path(tempfile.mkdtemp(prefix="clickrail-bench-"))
    figures: list[Figure] = []
    try:
        async with open_bench(folder) as bench:
            for name in names:
                print(f"Measuring {name} ...", flush=True)
                figures += await MEASUREMENTS[name](bench)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return figures


def main() -> None:
    asked = set(sys.argv[1:]) or set(MEASUREMENTS)
    if unknown := asked - set(MEASUREMENTS):
        sys.exit(f"There is no measurement {', '.join(sorted(unknown))}: there are {', '.join(MEASUREMENTS)}.")
    # In their own order, whatever order they are asked in: the backlog of one must not be measured by the next.
    print_table(asyncio.run(run([name for name in MEASUREMENTS if name in asked])))


if __name__ == "__main__":
    main()
