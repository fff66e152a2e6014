"""What the bench of the snapshot runs in processes of their own, each like an ingest that has only its lookup.

`python -m bench.snapshot_process keep|start DATABASE_URL FOLDER` prints what was measured, as JSON.
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles

from referrals.connections import connected
from referrals.lookup.answers import Found
from referrals.lookup.factory import LookupSettings, open_lookup
from referrals.lookup.lookup import Lookup
from referrals.metrics import LookupMetrics
from referrals.model import ReferralCode
from referrals.snapshot.reader import NAME

CHANGES = 1_000
ASKED = 100_000
STRANGE = 2_000
"""Codes asked for when no affiliate is held: so few that hardly two of them have the same one."""
CHANGE = f"""
    UPDATE referral_codes SET status = 'paused'
    WHERE code IN (SELECT code FROM referral_codes ORDER BY random() LIMIT {CHANGES})
"""


def private_mib() -> float:
    """Give the memory that is this process's alone."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


class Watch:
    """Watches, while it is open, how late the event loop is and how much memory there is."""

    def __init__(self) -> None:
        self.late_ms: list[float] = []
        self.mib = private_mib()

    async def run(self) -> None:
        looked_at = 0.0
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.002)
            now = time.perf_counter()
            self.late_ms.append(max(0.0, (now - began - 0.002) * 1000))
            if now - looked_at > 0.1:
                looked_at = now
                self.mib = max(self.mib, private_mib())

    def report(self, what: str, seconds: float) -> dict[str, float]:
        return {
            f"{what}_s": seconds,
            f"{what}_mib": self.mib,
            f"{what}_late_p99_ms": quantiles(self.late_ms, n=100)[98],
            f"{what}_late_most_ms": max(self.late_ms),
        }


async def keep(database_url: str, folder: str) -> dict[str, float]:
    """Have a snapshot built, and, after some changes, merged."""
    settings = LookupSettings(database_url=database_url, snapshot_dir=folder, snapshot_every_s=1)
    path = Path(folder, NAME)
    async with open_lookup(settings, LookupMetrics()) as lookup:
        built = await watch(lookup, path, "build")
        async with connected(database_url) as connection:
            await connection.execute(CHANGE)
        merged = await watch(lookup, path, "merge")
    return built | merged | {"file_mib": size_of(path) / 1024**2}


async def watch(lookup: Lookup, path: Path, what: str) -> dict[str, float]:
    """Wait for a new file to be written and taken into use."""
    before = lookup.referral_set.file
    while not size_of(path.with_suffix(".snapshot.new")):
        await asyncio.sleep(0.001)
    watched = Watch()
    watching = asyncio.create_task(watched.run())
    began = time.monotonic()
    while lookup.referral_set.file is before:
        await asyncio.sleep(0.005)
    seconds = time.monotonic() - began
    watching.cancel()
    return watched.report(what, seconds)


def size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


async def start(database_url: str, folder: str) -> dict[str, float]:
    """Start without any store, and ask for known codes and for unknown ones."""
    before = time.perf_counter()
    settings = LookupSettings(database_url=database_url, snapshot_dir=folder)
    async with open_lookup(settings, LookupMetrics()) as lookup:
        load_ms = (time.perf_counter() - before) * 1000
        await asyncio.sleep(0.5)
        loaded_mib = private_mib()
        codes = read_codes(lookup)
        random.Random(1).shuffle(codes)  # noqa: S311 - any order will do
        value_us = look_up(lookup, codes[ASKED : 2 * ASKED])
        find_us = ask(lookup, codes[:ASKED], known=True)
        del codes
        asked_mib = private_mib()
        lookup.local_cache.codes.clear()
        lookup.local_cache.affiliates.clear()
        strange_us = ask(lookup, random.Random(2).sample(read_codes(lookup), STRANGE), known=True)  # noqa: S311 - as above
        unknown_us = ask(lookup, [f"unknown{n}" for n in range(10_000)], known=False)
        return {
            "load_ms": load_ms,
            "loaded_mib": loaded_mib,
            "asked_mib": asked_mib,
            "value_us": value_us,
            "find_us": find_us,
            "strange_us": strange_us,
            "unknown_us": unknown_us,
        }


def read_codes(lookup: Lookup) -> list[str]:
    """Give the codes of every fifth block, in random order the way visitors come."""
    file = lookup.referral_set.file
    assert file is not None
    blocks = (file.read_block(number) or b"" for number in range(0, len(file.blocks.first_keys), 5))
    lines = (line for block in blocks for line in block[1:].split(b"\n"))
    return [line.split(b" ")[1].decode() for line in lines if line.startswith(b"code ")]


def look_up(lookup: Lookup, codes: Sequence[str]) -> float:
    """Give the median time of one reading of the file in microseconds."""
    times = []
    for code in codes:
        began = time.perf_counter()
        value = lookup.referral_set.find(("code", code))
        times.append(time.perf_counter() - began)
        assert isinstance(value, ReferralCode), code
    return median(times) * 1e6


def ask(lookup: Lookup, codes: Sequence[str], *, known: bool) -> float:
    """Give the median time of an answer in microseconds."""
    times = []
    for code in codes:
        began = time.perf_counter()
        answer = lookup.find_cached(code)
        times.append(time.perf_counter() - began)
        assert isinstance(answer, Found) is known, code
    return median(times) * 1e6


if __name__ == "__main__":
    print(json.dumps(asyncio.run({"keep": keep, "start": start}[sys.argv[1]](*sys.argv[2:]))))
