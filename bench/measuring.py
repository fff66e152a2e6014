"""CPU time and memory of processes, and idle time of the machine, as the kernel counts them."""

import asyncio
import os
from pathlib import Path
from typing import Final

TICKS: Final = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Give user and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def tree_cpu_seconds(pid: int) -> float:
    """Give user and system time of a process and all its descendants so far, those that have ended included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = sum(map(int, fields[11:15])) / TICKS
    return own + sum(map(child_cpu_seconds, children_of(pid)))


def child_cpu_seconds(pid: int) -> float:
    """As `tree_cpu_seconds`, and 0 for one that has just ended: from now on its parent's time has its own."""
    try:
        return tree_cpu_seconds(pid)
    except (FileNotFoundError, ProcessLookupError):
        return 0.0


def children_of(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


async def idle_share(seconds: float) -> float:
    """Measure how much of all processors' time is idle, from 0 to 1."""
    before = read_cpu_times()
    await asyncio.sleep(seconds)
    idle, total = (now - then for now, then in zip(read_cpu_times(), before, strict=True))
    return idle / total


def read_cpu_times() -> tuple[int, int]:
    """Give the idle time of all processors and all of their time, in ticks. Waiting for a disk is idle time."""
    times = list(map(int, Path("/proc/stat").read_text().splitlines()[0].split()[1:9]))
    return times[3] + times[4], sum(times)


def resident_mib(pid: int) -> float:
    """Give the resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(pid)


def pin(pid: int, cpu: int) -> None:
    """Keep a process, all its threads and its children on one processor, where there is more than one."""
    if cpu not in os.sched_getaffinity(0):
        return
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {cpu})
        children = task / "children"
        for child in children.read_text().split() if children.exists() else ():
            pin(int(child), cpu)
